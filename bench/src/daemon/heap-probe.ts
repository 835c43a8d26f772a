// Loaded into a daemon that is measured: at SIGUSR2 it collects all garbage and says on stdout what is left.
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Footprint } from "./measured-daemon.ts";

/** What is closed in one turn is gone some turns later. */
const SETTLE_MS = 200;

process.on("SIGUSR2", () => {
  void settle().then((footprint) => process.stdout.write(`${JSON.stringify({ footprint })}\n`));
});

async function settle(): Promise<Footprint> {
  for (let i = 0; i < 3; i++) {
    await sleep(SETTLE_MS);
    globalThis.gc?.();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    heapBytes: heapUsed,
    externalBytes: external,
    rssBytes: rss,
    handles: process.getActiveResourcesInfo().length,
    openFiles: readdirSync("/proc/self/fd").length,
    cpuMs: (user + system) / 1_000,
  };
}

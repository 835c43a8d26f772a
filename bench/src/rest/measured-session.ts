// One session of our engine in a process that measures itself, and prints what it found as JSON:
//
//   node measured-session.js rows FILE FIRST SECONDS SETTLE_SECONDS
//   node measured-session.js magnets COUNT SECONDS
//   node measured-session.js connections TORRENT FOLDER
import { createSession } from "@shoal/engine";
import type { TorrentEvent, TorrentRow } from "@shoal/engine";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Memory, collectedMemory, cpuMicrosSince } from "../own-cost.ts";

/** What torrents cost; memory as it is after a collection, without what the session had before they were added. */
export interface RestMeasured {
  /** From the start of the process to the last torrent added and found. */
  readonly startMs: number;
  /** CPU time in which they were added. */
  readonly addCpuMs: number;
  readonly heapBytes: number;
  readonly timers: number;
  /** CPU time in a second in which nobody does anything. */
  readonly idleCpuMs: number;
}

/** Memory while so many connections are open. */
export interface ConnectionsMeasured {
  readonly connections: number;
  readonly memoryBytes: number;
  readonly rssBytes: number;
}

const stateDir = mkdtempSync(join(tmpdir(), "shoal-bench-"));
const many = { maxConnections: 5_000, maxConnectionsPerTorrent: 4_000 };
const session = await createSession({
  host: "127.0.0.1",
  ports: [0],
  stateDir,
  offline: true,
  lsd: true,
  ...many,
});
try {
  const [mode, ...words] = process.argv.slice(2);
  if (mode === "rows") await rows(words[0] ?? "", Number(words[1]), Number(words[2]), Number(words[3]));
  else if (mode === "magnets") await magnets(Number(words[0]), Number(words[1]));
  else await connections(words[0] ?? "", words[1] ?? "");
} finally {
  await session.close();
  rmSync(stateDir, { recursive: true });
}

/** The `first` ones are not counted: by them the code comes into memory that all have in common. */
async function rows(file: string, first: number, seconds: number, settleSeconds: number): Promise<void> {
  const settle = (): Promise<void> => sleep(settleSeconds * 1_000);
  let before = memory();
  let pauseMs = before.tookMs;
  const startedAt = process.cpuUsage();
  let pauseCpuMs = 0;
  let added = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const row = JSON.parse(line) as TorrentRow;
    await session.add({ row, load: () => readFile(`${file}.${row.v1}`), downloadDir: "/data" });
    if (session.find(Buffer.from(row.v1 ?? "", "hex")) === undefined) throw new Error("not added");
    if (++added !== first) continue;
    const pausedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    await settle();
    before = memory();
    pauseCpuMs = cpuMicrosSince(cpuBefore) / 1_000;
    pauseMs += performance.now() - pausedAt;
  }
  const startMs = performance.now() - pauseMs;
  const addCpuMs = cpuMicrosSince(startedAt) / 1_000 - pauseCpuMs;
  await settle();
  const heapBytes = memory().heap - before.heap;
  say({ startMs, addCpuMs, heapBytes, timers: timers(), idleCpuMs: await cpuPerSecond(seconds) });
}

async function magnets(count: number, seconds: number): Promise<void> {
  const empty = memory();
  const startedAt = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const infoHash = (i + 1).toString(16).padStart(40, "0");
    await session.add({ infoHash, downloadDir: "/data" });
  }
  const startMs = performance.now() - empty.tookMs;
  const addCpuMs = cpuMicrosSince(startedAt) / 1_000;
  await sleep(2_000);
  const heapBytes = memory().heap - empty.heap;
  say({ startMs, addCpuMs, heapBytes, timers: timers(), idleCpuMs: await cpuPerSecond(seconds) });
}

/** Tells its port, and its memory for each line that comes in. */
async function connections(torrent: string, folder: string): Promise<void> {
  const torrentBytes = await readFile(torrent);
  await new Promise<void>((resolve, reject) => {
    const listener = ({ type }: TorrentEvent): void => {
      if (type === "complete") resolve();
    };
    const options = { torrentBytes, downloadDir: folder, seedOnly: true, hashed: true, listener };
    session.add(options).catch(reject);
  });
  const empty = memory();
  say({ port: session.endpoint?.port });
  for await (const _ of createInterface({ input: process.stdin })) {
    const now = memory();
    const peers = session.torrents()[0]?.stats().peers;
    say({
      connections: peers,
      memoryBytes: now.heap + now.buffers - empty.heap - empty.buffers,
      rssBytes: now.rss - empty.rss,
    });
  }
}

function memory(): Memory & { readonly tookMs: number } {
  const startedAt = performance.now();
  return { ...collectedMemory(), tookMs: performance.now() - startedAt };
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

async function cpuPerSecond(seconds: number): Promise<number> {
  // What is left of the start is not idleness.
  await sleep(1_000);
  const before = process.cpuUsage();
  await sleep(seconds * 1_000);
  return cpuMicrosSince(before) / 1_000 / seconds;
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

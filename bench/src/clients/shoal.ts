import { Shoal, shoalProgram } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { monotonicMs } from "../clock.ts";
import type { Contender, Job, Leecher, Seeder } from "./contender.ts";

const WITHIN_MS = 120_000;

/** Our own command line, as a user starts it. */
export const shoal: Contender = contender("shoal", []);
/** The same with all connections obfuscated. */
export const shoalObfuscated: Contender = contender("shoal-obfuscated", ["--obfuscation", "require"]);

function contender(name: string, flags: readonly string[]): Contender {
  return {
    name,
    writesBehind: false,

    lacking: () => (existsSync(shoalProgram()) ? null : "the command line is not built"),

    async seed(stage: Stage, job: Job): Promise<Seeder> {
      const words = ["send", job.torrent, "--data", job.dataDir, ...network(stage), ...flags];
      const program = Shoal.start(stage, words, stage.folder("state"), profiling(job));
      const { port } = await program.listening(WITHIN_MS);
      return {
        pid: program.child.pid,
        host: stage.host,
        port,
        tracker: null,
        stop: () => program.child.stop(5_000, "SIGINT"),
      };
    },

    /** `listening` is its last word before it begins by itself. */
    async leech(stage: Stage, job: Job, saveDir: string, seeders: readonly Seeder[]): Promise<Leecher> {
      const peers = seeders.flatMap(({ host, port }) => ["--peer", `${host}:${port}`]);
      const words = ["get", job.torrent, "-o", saveDir, "--once", ...peers, ...network(stage), ...flags];
      const program = Shoal.start(stage, words, stage.folder("state"), profiling(job));
      const first = program.waitFor("first-block", WITHIN_MS).then(monotonicMs);
      const complete = program.complete(WITHIN_MS).then(monotonicMs);
      // They are awaited later; until then a rejection is not unhandled.
      for (const moment of [first, complete]) moment.catch(() => undefined);
      await program.listening(WITHIN_MS);
      return {
        pid: program.child.pid,
        go: async () => ({ firstByteMs: await first, completeMs: await complete }),
        stop: () => program.child.stop(5_000, "SIGINT"),
      };
    },
  };
}

function network(stage: Stage): string[] {
  return ["--host", stage.host, "--port", "0", "--no-discovery"];
}

/** See profile.ts. */
export function profiling(job: Job): Record<string, string> {
  if (job.profileDir === null) return {};
  const preload = new URL("../profile.js", import.meta.url).href;
  return { NODE_OPTIONS: `--import=${preload}`, SHOAL_BENCH_PROFILE_DIR: resolve(job.profileDir) };
}

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Contender, Job, Leecher, Seeder, Timeline } from "../clients/contender.ts";
import { monotonicMs } from "../clock.ts";
import { assertSame, warmMemory } from "../payload.ts";
import { ProcessMeter } from "../process-meter.ts";
import type { SideUsage } from "../process-meter.ts";
import type { MeasuredRun } from "../quiet.ts";
import { withStage } from "../scene.ts";

/** One transfer, measured. */
export interface Row extends MeasuredRun {
  readonly seeders: number;
  readonly leechers: number;
  /** From "both ready, the leecher is told to start" to complete. */
  readonly wallMs: number;
  readonly firstByteMs: number;
  /** MiB a second from the first payload byte until all is complete, summed over leechers. */
  readonly speed: number;
  readonly seeder: SideUsage;
  readonly leecher: SideUsage;
}

/** Lets processes come to rest after their start. */
export const SETTLE_MS = 150;
const LATE_WRITES_MS = 10_000;
const LOOK_EVERY_MS = 500;
/** Memory made ready for the download, as a share of the payload: its pages and what the programs need besides. */
export const WARM_SHARE = 1.25;

/**
 * Runs one pair from fresh processes, and takes everything down. Downloads to a fresh folder that is removed afterwards, or to
 * `keepIn`, an empty folder.
 */
export function runOnce(
  contender: Contender,
  job: Job,
  round: number,
  keepIn: string | null = null,
): Promise<Row> {
  return withStage(`${contender.name} ${round}`, async (stage) => {
    const seeder = await contender.seed(stage, job);
    const saveDir = keepIn ?? stage.folder("download");
    await warmMemory(join(stage.folder("warm-up"), "memory"), job.bytes * WARM_SHARE);
    const row = await race(contender, job, round, [seeder], saveDir, () =>
      contender.leech(stage, job, saveDir, [seeder]),
    );
    await seeder.stop();
    if (keepIn === null) await rm(saveDir, { recursive: true });
    return row;
  });
}

/**
 * Compares what was downloaded with the payload, byte for byte. To be called while the leecher is up: `writesBehind` is said of a
 * program that calls a download complete before the last of it is written.
 */
export async function assertDownloaded(job: Job, saveDir: string, writesBehind: boolean): Promise<void> {
  const [actual, expected] = [join(saveDir, job.facts.name), join(job.dataDir, job.facts.name)];
  for (let left = writesBehind ? LATE_WRITES_MS : 0; ; left -= LOOK_EVERY_MS) {
    try {
      await assertSame(actual, expected);
      return;
    } catch (error) {
      if (left <= 0) throw error;
      await delay(LOOK_EVERY_MS);
    }
  }
}

/** Measures a leecher from its order to its end; in the first round its download is compared with the payload. */
export async function race(
  contender: Contender,
  job: Job,
  round: number,
  seeders: readonly Seeder[],
  saveDir: string,
  start: () => Promise<Leecher>,
): Promise<Row> {
  await delay(SETTLE_MS);
  const leecher = await start();
  try {
    const run = { contender: contender.name, round, bytes: job.bytes };
    const seederPids = seeders.map(({ pid }) => pid);
    const row = await measure(run, seederPids, [leecher.pid], async () => [await leecher.go()]);
    if (round === 0) await assertDownloaded(job, saveDir, contender.writesBehind);
    return row;
  } finally {
    await leecher.stop();
  }
}

/** Measures processes from the leechers' order to the end of the last of them. */
export async function measure(
  run: { readonly contender: string; readonly round: number; readonly bytes: number },
  seederPids: readonly number[],
  leecherPids: readonly number[],
  go: () => Promise<readonly Timeline[]>,
): Promise<Row> {
  const startedAt = monotonicMs();
  const meter = new ProcessMeter([seederPids, leecherPids]);
  try {
    const timelines = await go();
    const { sides, otherCores } = meter.end();
    const [seeder, leecher] = sides as [SideUsage, SideUsage];
    const firstByteMs = Math.min(...timelines.map((timeline) => timeline.firstByteMs));
    const completeMs = Math.max(...timelines.map((timeline) => timeline.completeMs));
    const mebibytes = (run.bytes * timelines.length) / 2 ** 20;
    return {
      contender: run.contender,
      round: run.round,
      seeders: seederPids.length,
      leechers: leecherPids.length,
      wallMs: completeMs - startedAt,
      firstByteMs: firstByteMs - startedAt,
      speed: mebibytes / ((completeMs - firstByteMs) / 1000),
      seeder,
      leecher,
      otherCores,
    };
  } finally {
    meter.abandon();
  }
}

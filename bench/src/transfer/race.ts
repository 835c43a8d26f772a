import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Contender, Job, Leecher, Seeder } from "../clients/contender.ts";
import { monotonicMs } from "../clock.ts";
import { assertSameFile, warmMemory } from "../payload.ts";
import { ProcessMeter } from "../process-meter.ts";
import type { SideUsage } from "../process-meter.ts";
import { withStage } from "../scene.ts";

/** One transfer, measured. */
export interface Row {
  readonly contender: string;
  readonly round: number;
  readonly seeders: number;
  /** From "both ready, the leecher is told to start" to complete. */
  readonly wallMs: number;
  readonly firstByteMs: number;
  /** MiB a second from the first payload byte to complete. */
  readonly speed: number;
  readonly seeder: SideUsage;
  readonly leecher: SideUsage;
  readonly otherCores: number;
}

/** Lets both processes come to rest after their start. */
const SETTLE_MS = 150;
/** Memory made ready for the download, as a share of the payload: its pages and what the programs need besides. */
const WARM_SHARE = 1.25;

/** Runs one pair from fresh processes and a fresh folder, and takes everything down. */
export function runOnce(contender: Contender, job: Job, round: number, compare: boolean): Promise<Row> {
  return withStage(`${contender.name} ${round}`, async (stage) => {
    const seeder = await contender.seed(stage, job);
    const saveDir = stage.folder("download");
    await warmMemory(join(saveDir, "warm-up"), job.bytes * WARM_SHARE);
    const row = await race(contender, job, round, [seeder], () =>
      contender.leech(stage, job, saveDir, [seeder]),
    );
    if (compare) await assertSameFile(join(saveDir, job.facts.name), join(job.dataDir, job.facts.name));
    await seeder.stop();
    await rm(saveDir, { recursive: true });
    return row;
  });
}

/** Measures a leecher from its order to its end. */
export async function race(
  contender: Contender,
  job: Job,
  round: number,
  seeders: readonly Seeder[],
  start: () => Promise<Leecher>,
): Promise<Row> {
  await delay(SETTLE_MS);
  const leecher = await start();
  const startedAt = monotonicMs();
  const meter = new ProcessMeter([seeders.map(({ pid }) => pid), [leecher.pid]]);
  try {
    const { firstByteMs, completeMs } = await leecher.go();
    const { sides, otherCores } = meter.end();
    const [seeder, leeching] = sides as [SideUsage, SideUsage];
    return {
      contender: contender.name,
      round,
      seeders: seeders.length,
      wallMs: completeMs - startedAt,
      firstByteMs: firstByteMs - startedAt,
      speed: job.bytes / 2 ** 20 / ((completeMs - firstByteMs) / 1000),
      seeder,
      leecher: leeching,
      otherCores,
    };
  } finally {
    meter.abandon();
    await leecher.stop();
  }
}

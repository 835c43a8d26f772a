import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Job, SwarmContender } from "../clients/contender.ts";
import { libtorrentSwarm } from "../clients/libtorrent.ts";
import { shoalSwarm } from "../clients/shoal-engine.ts";
import type { Options } from "../options.ts";
import { warmMemory } from "../payload.ts";
import { withStage } from "../scene.ts";
import { chooseFrom } from "./choose.ts";
import { makeFileJob } from "./job.ts";
import { SETTLE_MS, WARM_SHARE, assertDownloaded, measure } from "./race.ts";
import type { Row } from "./race.ts";
import { runRace } from "./run-race.ts";

const CONTENDERS: readonly SwarmContender[] = [shoalSwarm, libtorrentSwarm];
const LEECHERS = 4;
const SIZE = 256 << 20;
const PIECE = 1 << 20;

/** One seeder and four leechers that know of each other from the start; all stay until the last one is complete. */
export async function runSwarm(options: Options): Promise<Row[]> {
  const { kind } = options;
  const size = options.size ?? SIZE;
  const pieceLength = options.pieceLength ?? PIECE;
  return runRace(options, {
    bench: "swarm",
    size,
    pieceLength,
    contenders: chooseFrom(CONTENDERS, options.only, kind),
    title: `Swarm of 1 + ${LEECHERS}, ${kind}, ${size / 2 ** 20} MiB, pieces of ${pieceLength / 2 ** 10} KiB, summed over leechers`,
    makeJob: (dir, spec) => makeFileJob(dir, size, spec),
    run: (contender, job, round) => runOnce(contender, job, round),
  });
}

function runOnce(contender: SwarmContender, job: Job, round: number): Promise<Row> {
  return withStage(`${contender.name} ${round}`, async (stage) => {
    const seeder = await contender.start(stage, job);
    await seeder.seed(job);
    const saveDirs = Array.from({ length: LEECHERS }, () => stage.folder("download"));
    await warmMemory(join(stage.folder("warm-up"), "memory"), LEECHERS * job.bytes * WARM_SHARE);
    const leechers = await Promise.all(saveDirs.map(() => contender.start(stage, job)));
    await delay(SETTLE_MS);
    const run = { contender: contender.name, round, bytes: job.bytes };
    const pids = leechers.map(({ pid }) => pid);
    const row = await measure(run, [seeder.pid], pids, () =>
      Promise.all(
        leechers.map((leecher, at) =>
          leecher.download(job, saveDirs[at] as string, [
            seeder,
            ...leechers.filter((other) => other !== leecher),
          ]),
        ),
      ),
    );
    if (round === 0) {
      for (const saveDir of saveDirs) await assertDownloaded(job, saveDir, contender.writesBehind);
    }
    await Promise.all([seeder, ...leechers].map((member) => member.stop()));
    for (const saveDir of saveDirs) await rm(saveDir, { recursive: true });
    return row;
  });
}

import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const FULL_MS = 60_000;

export const diskFull: Scenario = {
  name: "disk-full",
  title:
    "a disk that fills up at one half stops the download; once there is room it completes without a recheck",
  peers: 3,
  cost: 1,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, {
      size: SIZE,
      pieceLength: MIB / 4,
      seed: { up: 2 * MIB, latencyMs: 10 },
    });
    for (let i = 1; i < peers; i++) await swarm.addSeed({ up: 2 * MIB, latencyMs: 10 });
    watch(swarm);
    const { node, torrent } = await swarm.addLeecher({ latencyMs: 10 });
    const { store } = node.disk;
    // The check at the start has found enough; then somebody else takes half of it.
    await world.play(() => torrent.stats().have > SIZE / 8, FULL_MS);
    store.free = SIZE / 2 - node.disk.files.get("/data/film.bin")!.usedBytes;
    let checks = 0;
    torrent.on((event) => {
      if (event.type === "checked" || (event.type === "state" && event.state === "checking")) checks++;
    });
    await swarm.finish(FULL_MS);
    const haveWhenFull = torrent.stats().have;
    const stateWhenFull = torrent.state;
    store.free = Infinity;
    const freedAt = world.now();
    await swarm.finish(10 * 60_000);
    const complete = swarm.completeCount === 1;
    const right = complete && isRight(swarm);
    const pieces = SIZE / (MIB / 4);
    const hashes = node.disk.counts.get("hash") ?? 0;
    // What the disk did not take is asked for again; nobody is blamed for it.
    const { failed } = torrent.stats();
    return {
      ok:
        right &&
        failed === 0 &&
        checks === 0 &&
        haveWhenFull >= SIZE / 2 - 2 * MIB &&
        haveWhenFull < SIZE &&
        hashes < pieces * 1.25,
      stateWhenFull,
      percentWhenFull: rounded((100 * haveWhenFull) / SIZE, 1),
      complete,
      secondsAfterRoom: rounded((world.now() - freedAt) / 1000),
      checks,
      hashes,
      pieces,
      failed,
      wastePercent: rounded((100 * swarm.wasted) / SIZE),
    };
  },
};

/** What every leecher has on disk is what the seed shares. */
function isRight(swarm: Swarm): boolean {
  return swarm.leechers.every(({ node }) =>
    [...swarm.made.files].every(([path, bytes]) => {
      const found = node.disk.files.get(`/data/${path}`);
      return found !== undefined && Buffer.compare(found.bytes, bytes) === 0;
    }),
  );
}

import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const SIZE = MIB;

export const flashCrowd: Scenario = {
  name: "flash-crowd",
  title: "hundreds of leechers that come at once all complete, and none waits much longer than the others",
  peers: 500,
  cost: 8,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, {
      size: SIZE,
      pieceLength: 64 * 1024,
      seed: { up: 2 * MIB, latencyMs: 20 },
      config: { maxConnectionsPerTorrent: 10, uploadSlots: 4 },
    });
    watch(swarm);
    const from = world.now();
    for (let i = 0; i < peers; i++)
      await swarm.addLeecher({ up: MIB / 2, down: 8 * MIB, latencyMs: 10 + (i % 9) * 5 });
    await swarm.finish(20 * 60_000);
    const times = swarm.leechers
      .map(({ completeAt }) => (completeAt ?? Infinity) - from)
      .sort((a, b) => a - b);
    const median = times[times.length >>> 1]!;
    const last = times.at(-1)!;
    return {
      ok: swarm.completeCount === peers && last <= 2 * median,
      peers,
      complete: swarm.completeCount,
      firstSeconds: rounded(times[0]! / 1000),
      medianSeconds: rounded(median / 1000),
      lastSeconds: rounded(last / 1000),
      lastToMedian: rounded(last / median),
      wastePercent: rounded((100 * swarm.wasted) / (peers * SIZE)),
    };
  },
};

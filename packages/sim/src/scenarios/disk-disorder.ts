import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { IDEAL_DISK } from "../simulated-disk.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;

export const diskDisorder: Scenario = {
  name: "disk-disorder",
  title: "disks whose operations end in any order, up to half a second late, lose nothing",
  peers: 4,
  cost: 1,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, {
      size: SIZE,
      kind: "hybrid",
      pieceLength: MIB / 4,
      seed: { up: 4 * MIB, latencyMs: 5 },
      disk: { ...IDEAL_DISK, slotCount: 16, latencyMs: 1, rate: 16 * MIB, disorderMs: 500 },
    });
    watch(swarm);
    const from = world.now();
    for (let i = 0; i < peers; i++) await swarm.addLeecher({ up: 4 * MIB, latencyMs: 5 });
    await swarm.finish(10 * 60_000);
    const tookMs = world.now() - from;
    const right = swarm.leechers.filter(
      ({ node }) =>
        Buffer.compare(
          node.disk.files.get("/data/film.bin")?.bytes ?? new Uint8Array(0),
          swarm.made.files.get("film.bin")!,
        ) === 0,
    ).length;
    const afterClose = swarm.leechers.reduce((sum, { node }) => sum + node.disk.afterClose.length, 0);
    const wastePercent = (100 * swarm.wasted) / (peers * SIZE);
    return {
      ok: swarm.completeCount === peers && right === peers && afterClose === 0 && wastePercent < 10,
      peers,
      complete: swarm.completeCount,
      right,
      seconds: rounded(tookMs / 1000),
      wastePercent: rounded(wastePercent),
    };
  },
};

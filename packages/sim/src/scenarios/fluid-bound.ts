import { fluidBound } from "../fluid-bound.ts";
import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const SIZE = 48 * MIB;
const SEED_UP = 2 * MIB;
const DOWN = 8 * MIB;
/** Uplinks of the leechers, by turns: DSL, cable, fibre. Bytes per second. */
const UPLINKS = [128 * 1024, 512 * 1024, MIB, 2 * MIB];
const MOST = 1.2;

export const fluidBoundScenario: Scenario = {
  name: "fluid-bound",
  title: "one seed and many leechers with mixed uplinks are done within 1.2 times what a fluid would need",
  peers: 50,
  cost: 9,
  async run({ world, watch }, { peers }) {
    const swarm = await Swarm.create(world, {
      size: SIZE,
      pieceLength: 128 * 1024,
      seed: { up: SEED_UP, down: DOWN, latencyMs: 20 },
      config: { maxConnectionsPerTorrent: 20 },
    });
    watch(swarm);
    const from = world.now();
    for (let i = 0; i < peers; i++)
      await swarm.addLeecher({ up: UPLINKS[i % UPLINKS.length]!, down: DOWN, latencyMs: 10 + (i % 7) * 5 });
    await swarm.finish(30 * 60_000);
    const tookMs = world.now() - from;
    const boundMs = fluidBound({
      size: swarm.size,
      seedUp: SEED_UP,
      leechersUp: Array.from({ length: peers }, (_, i) => UPLINKS[i % UPLINKS.length]!),
      leechersDown: Array.from({ length: peers }, () => DOWN),
    });
    const ratio = tookMs / boundMs;
    const wastePercent = (100 * swarm.wasted) / (peers * swarm.size);
    return {
      ok: swarm.completeCount === peers && ratio <= MOST,
      peers,
      complete: swarm.completeCount,
      seconds: rounded(tookMs / 1000),
      boundSeconds: rounded(boundMs / 1000),
      ratio: rounded(ratio),
      wastePercent: rounded(wastePercent),
      messagesPerPiece: rounded(swarm.messages / (peers * swarm.made.metainfo.layout.pieceCount), 1),
    };
  },
};

import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { Swarm } from "../swarm.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const UP = MIB;
/** All connections of each leecher break once in this time, on average. */
const BREAK_MS = 60_000;
/** Part of the bandwidth that must arrive as content at 3 % loss of segments. */
const FLOOR = 0.4;

export const lossyLinks: Scenario = {
  name: "lossy-links",
  title:
    "over links that lose segments and break now and then, at least two fifths of the bandwidth arrive as content",
  peers: 6,
  cost: 1,
  async run({ world, watch }, { peers }) {
    const lossy = { up: UP, down: 4 * UP, latencyMs: 40, loss: 0.03 };
    const swarm = await Swarm.create(world, { size: SIZE, pieceLength: 128 * 1024, seed: lossy });
    watch(swarm);
    const from = world.now();
    for (let i = 0; i < peers; i++) await swarm.addLeecher(lossy);
    let breaks = 0;
    const cut = (): void => {
      if (swarm.completeCount === peers) return;
      swarm.leechers[world.rng.below(peers)]!.node.net.cut();
      breaks++;
      world.at(BREAK_MS / peers, cut);
    };
    world.at(BREAK_MS / peers, cut);
    await swarm.finish(10 * 60_000);
    const seconds = (world.now() - from) / 1000;
    const boundSeconds = Math.max(SIZE / UP, (peers * SIZE) / ((peers + 1) * UP));
    return {
      ok: swarm.completeCount === peers && boundSeconds / seconds >= FLOOR,
      peers,
      complete: swarm.completeCount,
      breaks,
      seconds: rounded(seconds),
      goodput: rounded(boundSeconds / seconds),
      floor: FLOOR,
      wastePercent: rounded((100 * swarm.wasted) / (peers * SIZE)),
    };
  },
};

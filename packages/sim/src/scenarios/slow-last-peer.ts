import type { Millis } from "@shoal/engine/composition";
import { rounded } from "../rounded.ts";
import type { Scenario } from "../scenario.ts";
import { Swarm } from "../swarm.ts";
import { SimulatedWorld } from "../world.ts";

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const FAST = 2 * MIB;
const SLOW = 4 * 1024;
const LATENCY = 25;
const RTT = 4 * LATENCY;
/** Of one slow peer; the blocks that each further one holds are asked for again in a further round trip. */
const ROUNDS = 2;
const BLOCK_MS = (16_397 / FAST) * 1000;

export const slowLastPeer: Scenario = {
  name: "slow-last-peer",
  title: "a peer that sends a block in four seconds delays the end by two round trips and one block at most",
  peers: 1,
  cost: 1,
  async run({ world, watch }, { seed, peers }) {
    const alone = await download(new SimulatedWorld({ seed, spoilsBuffers: false }), 0, () => undefined);
    const withSlow = await download(world, peers, watch);
    const limitMs = (ROUNDS + peers - 1) * RTT + BLOCK_MS;
    const delayMs = withSlow.tookMs - alone.tookMs;
    return {
      ok: withSlow.complete && alone.complete && delayMs <= limitMs,
      slowPeers: peers,
      fastSeconds: rounded(alone.tookMs / 1000),
      seconds: rounded(withSlow.tookMs / 1000),
      delayMs: rounded(delayMs, 1),
      limitMs: rounded(limitMs, 1),
      wastedBlocks: withSlow.wastedBlocks,
    };
  },
};

async function download(
  world: SimulatedWorld,
  slowPeers: number,
  watch: (swarm: Swarm) => void,
): Promise<{ tookMs: Millis; complete: boolean; wastedBlocks: number }> {
  const fast = { up: FAST, down: FAST, latencyMs: LATENCY };
  // Everybody meets: what is left out by chance is another story.
  const config = { maxConnectionsPerTorrent: 2 + slowPeers + 1 };
  const swarm = await Swarm.create(world, { size: SIZE, pieceLength: MIB / 4, seed: fast, config });
  await swarm.addSeed(fast);
  for (let i = 0; i < slowPeers; i++) await swarm.addSeed({ up: SLOW, down: SLOW, latencyMs: LATENCY });
  watch(swarm);
  const leecher = await swarm.addLeecher({ up: FAST, down: 4 * FAST, latencyMs: LATENCY });
  await swarm.finish(10 * 60_000);
  return {
    tookMs: (leecher.completeAt ?? Infinity) - leecher.joinedAt,
    complete: leecher.completeAt !== null,
    wastedBlocks: Math.round(swarm.wasted / 16_384),
  };
}

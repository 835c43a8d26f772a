import type { Torrent } from "@shoal/engine/composition";
import type { Made } from "../make-torrent.ts";
import type { Node } from "../node.ts";
import { rounded } from "../rounded.ts";
import type { Figures, Scenario } from "../scenario.ts";
import { IDEAL_LINK, type LinkSpec } from "../uplink.ts";
import type { SimulatedWorld } from "../world.ts";

const MIB = 1024 * 1024;
const TORRENTS = 3;
const SIZE = 32 * MIB;
const FOLDER = "/data";
/** Measured over so many blocks at least: one more or less must not matter. */
const BLOCKS = 100;
const BLOCK = 16 * 1024;
/** What was in flight at the old rate has arrived. */
const SETTLE_MS = 3_000;
/** Allowed distance between what is measured and the limit. */
const TOLERANCE = 0.05;

export const speedLimits: Scenario = {
  name: "speed-limits",
  title:
    "speed limits hold within 5 % for many peers and torrents, down and up, and when they change; a slow torrent takes nothing from others",
  peers: 8,
  cost: 4,
  async run({ world }, { peers }) {
    const made: Made[] = [];
    for (let i = 0; i < TORRENTS; i++)
      made.push(await world.make({ [`film-${i}.bin`]: SIZE }, { kind: "v1", pieceLength: 128 * 1024 }));
    const { ok, ...down } = await downloads(world, made, peers);
    const { ok: okUp, ...up } = await uploads(world, made, peers);
    return { ok: ok && okUp, ...down, ...up };
  },
};

/** Several torrents from several seeds each, under limits that change. */
async function downloads(world: SimulatedWorld, made: readonly Made[], peers: number): Promise<Figures> {
  const seeds: Node[] = [];
  for (let i = 0; i < peers; i++) {
    // Some are slow: what they owe must not be lacking elsewhere.
    const seed = await machine(world, { up: i % 4 === 3 ? 30_000 : 4 * MIB, latencyMs: 10 + 5 * i });
    for (const one of made) await share(world, seed, one);
    seeds.push(seed);
  }
  const home = await machine(world, { latencyMs: 10 });
  home.session.limits.setSpeeds({ down: 20_000 });
  const torrents: Torrent[] = [];
  for (const one of made) torrents.push(await fetch(world, home, one, seeds));
  const got = (): number[] => torrents.map((torrent) => torrent.stats().downloaded);

  const lowest = await measure(world, got, 20_000);
  home.session.limits.setSpeeds({ down: 1_000_000 });
  const middle = await measure(world, got, 1_000_000);
  home.session.limits.setSpeeds({ down: 300_000 });
  const lowered = await measure(world, got, 300_000);
  torrents[0]!.setLimits({ down: 50_000 });
  const shared = await measure(world, got, 300_000);
  const [slow] = (await measure(world, () => got().slice(0, 1), 50_000)).each;
  const others = shared.each.slice(1);
  torrents[0]!.setLimits({ down: null, honorsSessionLimits: false });
  home.session.limits.setSpeeds({ down: 100_000 });
  const free = await measure(world, () => got().slice(1), 100_000);
  return {
    ok:
      [lowest, middle, lowered, shared, free].every(({ isRight }) => isRight) &&
      Math.max(...middle.each) <= 1.25 * Math.min(...middle.each) &&
      Math.abs(slow! / 50_000 - 1) <= TOLERANCE &&
      Math.min(...others) > 100_000,
    downAt20k: lowest.percent,
    downAt1M: middle.percent,
    downAfterChangeTo300k: lowered.percent,
    downWithSlowTorrent: shared.percent,
    slowTorrentAt50k: rounded((100 * slow!) / 50_000),
    downBesideFreeTorrent: free.percent,
  };
}

/** One seed under a limit, and those who want to have it. */
async function uploads(world: SimulatedWorld, made: readonly Made[], peers: number): Promise<Figures> {
  const home = await machine(world, { latencyMs: 10 });
  const torrents: Torrent[] = [];
  for (const one of made) torrents.push(await share(world, home, one));
  home.session.limits.setSpeeds({ up: 30_000 });
  home.session.limits.setSettings({ uploadSlots: 100 });
  for (let i = 0; i < peers; i++) {
    const leecher = await machine(world, { latencyMs: 10 + 5 * i });
    for (const one of made) await fetch(world, leecher, one, [home]);
  }
  const given = (): number[] => torrents.map((torrent) => torrent.stats().uploaded);
  const low = await measure(world, given, 30_000);
  home.session.limits.setSpeeds({ up: 2_000_000 });
  const high = await measure(world, given, 2_000_000);
  torrents[0]!.setLimits({ up: 100_000 });
  const shared = await measure(world, given, 2_000_000);
  const slow = (await measure(world, () => given().slice(0, 1), 100_000)).each[0]!;
  return {
    ok: [low, high, shared].every(({ isRight }) => isRight) && Math.abs(slow / 100_000 - 1) <= TOLERANCE,
    upAt30k: low.percent,
    upAt2M: high.percent,
    upWithSlowTorrent: shared.percent,
    slowTorrentAt100k: rounded((100 * slow) / 100_000),
  };
}

interface Measured {
  /** Of the limit. */
  readonly percent: number;
  readonly isRight: boolean;
  /** Bytes per second of each. */
  readonly each: readonly number[];
}

/** What the counters grow by, compared with `limit`, over a few seconds at least, and a few seconds after it was set. */
async function measure(
  world: SimulatedWorld,
  counters: () => readonly number[],
  limit: number,
): Promise<Measured> {
  const seconds = Math.max(5, (BLOCKS * BLOCK) / limit);
  await world.run(SETTLE_MS);
  const before = counters();
  await world.run(seconds * 1000);
  const each = counters().map((count, i) => (count - before[i]!) / seconds);
  const ratio = each.reduce((sum, rate) => sum + rate, 0) / limit;
  return { percent: rounded(100 * ratio), isRight: Math.abs(ratio - 1) <= TOLERANCE, each };
}

function machine(world: SimulatedWorld, link: Partial<LinkSpec>): Promise<Node> {
  return world.node({ link: { ...IDEAL_LINK, ...link }, config: { pex: false } });
}

function share(world: SimulatedWorld, node: Node, { metainfo, ...rest }: Made): Promise<Torrent> {
  world.write(node, { metainfo, ...rest }, FOLDER);
  return world.finish(node.session.add({ metainfo, downloadDir: FOLDER, seedOnly: true, hashed: true }));
}

function fetch(world: SimulatedWorld, node: Node, made: Made, from: readonly Node[]): Promise<Torrent> {
  const peers = from.map(({ endpoint }) => endpoint);
  return world.finish(node.session.add({ metainfo: made.metainfo, downloadDir: FOLDER, peers }));
}

import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import { type ChokeConfig, type ChokePeer, isEligible } from "./choke-peer.ts";
import { rankByChance, rankByGiving, rankByTurn, rankByWaiting } from "./strategies.ts";

export type { ChokeConfig, ChokePeer } from "./choke-peer.ts";
export { DEFAULT_CHOKE_CONFIG } from "./choke-peer.ts";

export interface ChokeDecision {
  /** Ids of all peers to be unchoked after the round; everybody else is choked. */
  readonly unchoked: ReadonlySet<number>;
  /** Those of them that hold an optimistic slot. */
  readonly optimistic: ReadonlySet<number>;
}

/**
 * Chooses who is served until the next round, over all torrents of a session. Slots are shared between torrents that we still
 * download (tit for tat, and one by chance) and those that we seed (by turns) in proportion to the weights of the peers that
 * want something. Pure: the same arguments give the same answer.
 */
export function chooseUnchoked(
  peers: readonly ChokePeer[],
  config: ChokeConfig,
  rng: Rng,
  now: Millis,
): ChokeDecision {
  const eligible = peers.filter(isEligible);
  const trading = eligible.filter((peer) => !peer.seeding);
  const seeding = eligible.filter((peer) => peer.seeding);
  const slots = slotCount(peers, config);
  const tradingSlots = shareOf(trading, seeding, slots);
  const seedingSlots = Math.min(usable(seeding), slots - tradingSlots);
  const rooms = new TorrentRooms();

  const unchoked = new Set<number>();
  const optimistic = new Set<number>();
  // Nothing is left to chance when there is a slot for everybody, or only one.
  const spare = usable(trading) > tradingSlots ? Math.max(0, tradingSlots - 1) : 0;
  const chanceSlots = Math.min(config.optimisticSlots, spare);
  const givers = rooms.take(rankByGiving(trading, rng), tradingSlots - chanceSlots);
  for (const peer of givers) unchoked.add(peer.id);
  const rest = trading.filter((peer) => !unchoked.has(peer.id));
  for (const peer of rooms.take(rankByChance(rest, config, rng, now), chanceSlots)) {
    unchoked.add(peer.id);
    optimistic.add(peer.id);
  }
  for (const peer of rooms.take(rankByTurn(seeding, config, rng, now), seedingSlots)) unchoked.add(peer.id);
  return { unchoked, optimistic };
}

/**
 * Who can be unchoked at once, because slots are free: to be asked when a peer becomes interested or a served one leaves,
 * rather than letting them wait for the round. Chokes nobody. Ids, those who wait the longest first.
 */
export function fillFreeSlots(peers: readonly ChokePeer[], config: ChokeConfig, rng: Rng): number[] {
  const eligible = peers.filter(isEligible);
  const waiting = eligible.filter((peer) => !peer.unchoked);
  const free = slotCount(peers, config) - (eligible.length - waiting.length);
  if (free <= 0) return [];
  const rooms = new TorrentRooms();
  for (const peer of eligible) if (peer.unchoked) rooms.occupy(peer);
  return rooms.take(rankByWaiting(waiting, rng), free).map((peer) => peer.id);
}

/**
 * Slots of the session: the minimum, or more when there is bandwidth for more: walks the peers from the fastest on and opens
 * a slot for each whose rate is above a threshold that rises with every slot, and one to grow.
 */
export function slotCount(peers: readonly ChokePeer[], config: ChokeConfig): number {
  const rates = peers
    .filter((peer) => peer.unchoked)
    .map((peer) => peer.upRate)
    .sort((a, b) => b - a);
  let fast = 0;
  while (fast < rates.length && rates[fast]! > (fast + 1) * config.rateStep) fast++;
  return Math.min(config.maxSlots, Math.max(config.minSlots, fast + 1));
}

/** Slots for `trading`; at least one for each side that wants any, and what one side can't use is the other's. */
function shareOf(trading: readonly ChokePeer[], seeding: readonly ChokePeer[], slots: number): number {
  const weigh = (peers: readonly ChokePeer[]): number => peers.reduce((sum, peer) => sum + peer.weight, 0);
  const tradingWeight = weigh(trading);
  const total = tradingWeight + weigh(seeding);
  const mostTrading = usable(trading);
  const mostSeeding = usable(seeding);
  if (total === 0 || slots === 0) return Math.min(mostTrading, slots);
  const fair = Math.round((slots * tradingWeight) / total);
  const least = Math.min(mostTrading, 1, slots);
  const most = mostSeeding > 0 ? Math.max(least, slots - 1) : slots;
  const share = Math.min(most, Math.max(least, fair, slots - mostSeeding));
  return Math.min(mostTrading, share);
}

/** Slots that these peers can have, whatever there are. */
function usable(peers: readonly ChokePeer[]): number {
  return new TorrentRooms().take(peers, Infinity).length;
}

/** Keeps each torrent within its own number of slots. */
class TorrentRooms {
  readonly #taken: Map<number, number> = new Map();

  occupy({ torrent }: ChokePeer): void {
    this.#taken.set(torrent, this.#takenBy(torrent) + 1);
  }

  /** The first `count` peers whose torrents have room. */
  take(ranked: readonly ChokePeer[], count: number): ChokePeer[] {
    const chosen: ChokePeer[] = [];
    for (const peer of ranked) {
      if (chosen.length >= count) break;
      if (this.#takenBy(peer.torrent) >= peer.torrentSlots) continue;
      this.occupy(peer);
      chosen.push(peer);
    }
    return chosen;
  }

  #takenBy(torrent: number): number {
    return this.#taken.get(torrent) ?? 0;
  }
}

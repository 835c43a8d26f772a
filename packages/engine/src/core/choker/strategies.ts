import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import type { ChokeConfig, ChokePeer } from "./choke-peer.ts";

/** Sorts a shuffled copy, so that peers who compare equal come in random order. */
function ranked(
  peers: readonly ChokePeer[],
  rng: Rng,
  compare: (a: ChokePeer, b: ChokePeer) => number,
): ChokePeer[] {
  const copy = [...peers];
  rng.shuffle(copy);
  return copy.sort(compare);
}

/** Never served before, then waiting the longest. */
function byWaiting(a: ChokePeer, b: ChokePeer): number {
  return Number(a.everUnchoked) - Number(b.everUnchoked) || a.since - b.since;
}

/**
 * Tit for tat: those who give the most, first. Snubbed ones last; at equal rates the better reputation counts, then the present
 * holder stays.
 */
export function rankByGiving(peers: readonly ChokePeer[], rng: Rng): ChokePeer[] {
  return ranked(
    peers,
    rng,
    (a, b) =>
      Number(a.snubbed) - Number(b.snubbed) ||
      b.downRate - a.downRate ||
      b.score - a.score ||
      Number(b.unchoked) - Number(a.unchoked),
  );
}

/**
 * For the optimistic slots: who still has its time, then who was never served, then who waits the longest. A good reputation makes the
 * time waited count up to double, a bad one half: so everybody has a turn, some more often.
 */
export function rankByChance(
  peers: readonly ChokePeer[],
  config: ChokeConfig,
  rng: Rng,
  now: Millis,
): ChokePeer[] {
  const hasTime = (peer: ChokePeer): boolean =>
    peer.unchoked && peer.optimistic && now - peer.since < config.optimisticMs;
  const waited = (peer: ChokePeer): number => (now - peer.since) * 2 ** (peer.score / 100);
  return ranked(
    peers,
    rng,
    (a, b) =>
      Number(hasTime(b)) - Number(hasTime(a)) ||
      Number(a.unchoked) - Number(b.unchoked) ||
      Number(a.everUnchoked) - Number(b.everUnchoked) ||
      waited(b) - waited(a),
  );
}

/** When seeding, by turns: who has not used up its quota stays, then those who wait, then the others. */
export function rankByTurn(
  peers: readonly ChokePeer[],
  config: ChokeConfig,
  rng: Rng,
  now: Millis,
): ChokePeer[] {
  const place = (peer: ChokePeer): number => (peer.unchoked ? (isQuotaUsed(peer, config, now) ? 2 : 0) : 1);
  return ranked(peers, rng, (a, b) => place(a) - place(b) || byWaiting(a, b));
}

/** Those who wait, in the order in which free slots are given to them. */
export function rankByWaiting(peers: readonly ChokePeer[], rng: Rng): ChokePeer[] {
  return ranked(peers, rng, byWaiting);
}

/** A peer's turn is over when it got its pieces, or when it is too slow to ever get them. */
function isQuotaUsed(peer: ChokePeer, config: ChokeConfig, now: Millis): boolean {
  const held = now - peer.since;
  if (held >= config.quotaMs && peer.uploaded >= config.quotaPieces * peer.pieceLength) return true;
  if (held >= config.quotaDeadlineMs && peer.uploaded >= peer.pieceLength) return true;
  return held >= 2 * config.quotaDeadlineMs;
}

import type { Millis } from "../base/brand.ts";

/** Why a torrent is in the DHT: somebody waits for peers, it is shared, or it is shared and rests. */
export type DhtPurpose = "download" | "seed" | "rest";

/** How a round of lookups ended. */
export interface DhtRound {
  /** Different peers that were found. */
  readonly found: number;
  /** Nodes that keep our address now; 0 when we did not give it. */
  readonly stored: number;
}

/** Others forget us after 30 minutes (BEP 5 leaves it open; this is what most do). */
const PAUSE: Millis = 15 * 60_000;
const REST_PAUSE: Millis = 29 * 60_000;
/** After a thin round another one comes soon, and then less and less often. */
const FIRST_RETRY: Millis = 10_000;
/** In a DHT of a few nodes each of them counts that comes or goes. */
const SMALL_DHT_PAUSE: Millis = 5 * 60_000;
/** Nodes that keep an address where there are more of them (BEP 5). */
const ENOUGH_NODES = 8;
const ENOUGH_PEERS = 10;
/** Between the beginnings of two rounds of one torrent, whoever asks for more. */
const MIN_PAUSE: Millis = 60_000;
/** Ten thousand torrents at rest that begin together are spread over half an hour. */
export const REST_TURN: Millis = 175;

/** Whether the next round should not wait as long as usual. */
export function isThin(purpose: DhtPurpose, { found, stored }: DhtRound): boolean {
  return stored < ENOUGH_NODES || (purpose === "download" && found < ENOUGH_PEERS);
}

/** Milliseconds from the end of a round to the next. `thinRounds`: so many in a row were thin, this one included. */
export function pauseAfter(purpose: DhtPurpose, round: DhtRound, thinRounds: number): Millis {
  if (purpose === "rest") return REST_PAUSE;
  if (thinRounds === 0) return PAUSE;
  const longest = round.stored > 0 && round.stored < ENOUGH_NODES ? SMALL_DHT_PAUSE : PAUSE;
  return Math.min(longest, FIRST_RETRY * 2 ** Math.min(thinRounds - 1, 10));
}

/** When somebody who can't wait may begin the next round. */
export function soonest(lastStartedAt: Millis, now: Millis): Millis {
  return Math.max(now, lastStartedAt + MIN_PAUSE);
}

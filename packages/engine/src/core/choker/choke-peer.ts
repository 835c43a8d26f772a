import type { Millis } from "../../base/brand.ts";

/** What choking needs to know of a peer, of whichever torrent of the session. Rates in bytes per second since the last round. */
export interface ChokePeer {
  /** Names the peer in the answer; unique in the session. */
  readonly id: number;
  /** Names its torrent. */
  readonly torrent: number;
  /** Slots that its torrent may have; Infinity for any number. */
  readonly torrentSlots: number;
  readonly interested: boolean;
  /** The peer said that it wants nothing more (BEP 21). */
  readonly uploadOnly: boolean;
  /** We have a piece that the peer lacks. */
  readonly lacksOurs: boolean;
  readonly unchoked: boolean;
  /** Holds its slot by chance, not by merit. */
  readonly optimistic: boolean;
  /** Since when it is choked or unchoked. For a peer that never was unchoked: when it connected. */
  readonly since: Millis;
  readonly everUnchoked: boolean;
  /** It doesn't deliver what we asked for. */
  readonly snubbed: boolean;
  /** Its reputation, from -100 by 0 (nothing known) to 100. */
  readonly score: number;
  /** We want nothing from its torrent. */
  readonly seeding: boolean;
  readonly downRate: number;
  readonly upRate: number;
  /** Bytes sent to it since it was unchoked. */
  readonly uploaded: number;
  readonly pieceLength: number;
  /** Of its torrent, in the sharing of slots; 1 is usual. */
  readonly weight: number;
}

/** Numbers of the choker; `DEFAULT_CHOKE_CONFIG` has the usual ones. */
export interface ChokeConfig {
  /** Slots that there always are. */
  readonly minSlots: number;
  readonly maxSlots: number;
  /** A slot more is opened for each peer faster than this, times the number of those before it. Bytes per second. */
  readonly rateStep: number;
  /** How many of the slots of downloading torrents go by chance. */
  readonly optimisticSlots: number;
  readonly optimisticMs: Millis;
  /** Pieces a peer may get from a seed, and the time it keeps its slot at least, before others come first. */
  readonly quotaPieces: number;
  readonly quotaMs: Millis;
  /** After this time one whole piece is enough; after twice the time even that is not waited for. */
  readonly quotaDeadlineMs: Millis;
}

export const DEFAULT_CHOKE_CONFIG: ChokeConfig = {
  minSlots: 8,
  maxSlots: 200,
  rateStep: 2_048,
  optimisticSlots: 1,
  optimisticMs: 30_000,
  quotaPieces: 20,
  quotaMs: 60_000,
  quotaDeadlineMs: 180_000,
};

/** Whether the peer would use a slot. */
export function isEligible(peer: ChokePeer): boolean {
  return peer.interested && (peer.lacksOurs || !peer.uploadOnly);
}

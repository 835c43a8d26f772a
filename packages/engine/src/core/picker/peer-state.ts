import type { Bitfield } from "../../base/bitfield.ts";
import type { Millis, PeerSlot, PieceIndex } from "../../base/brand.ts";
import type { PartialPiece } from "./partial-piece.ts";

/** Delivers under 1/10 of the fastest, or nothing known yet; in between; among the fastest. */
export type SpeedClass = 0 | 1 | 2;

/** What the picker sees of a peer. The fields may change at any time but for `slot`; `have` as the inputs tell. */
export interface PickPeer {
  /** Below 65,535; may be given to another peer once this one was removed. */
  readonly slot: PeerSlot;
  readonly have: Bitfield;
  readonly speed: SpeedClass;
  /** Then only pieces in `allowedFast` may be picked (BEP 6). */
  readonly choked: boolean;
  readonly allowedFast: ReadonlySet<PieceIndex>;
  /** Doesn't deliver what was requested: gets common pieces and no duplicates. */
  readonly snubbed: boolean;
  /** Under suspicion of sending bad data: gets whole pieces alone, so that a failed one proves who it was. */
  readonly parole: boolean;
  /** How long a request takes that is made now, as far as can be told; Infinity while that is not known. */
  readonly responseMs: Millis;
  /** Of bad repute: gets common pieces, which others can give as well. */
  readonly distrusted: boolean;
  /** Each request costs much and its length nothing: gets pieces that follow one another, from the largest gap on. */
  readonly inRuns: boolean;
}

/** What the picker remembers about a peer: every field is set here, so that all peers have one shape. */
export class PeerState {
  readonly peer: PickPeer;
  readonly slot: PeerSlot;
  /** The bitfield that was counted into the availability. */
  have: Bitfield;
  /** Its bytes again, but for the last up to 3, as words: zero words are skipped fast. */
  haveWords: Uint32Array;
  /** Counted as a seed rather than piece by piece. */
  seed = false;
  /** Blocks requested from this peer and not yet answered or released. */
  outstanding = 0;
  /** The piece this peer got blocks of last; it may have been given to another piece since (see `currentPiece`). */
  current: PartialPiece | null = null;
  currentPiece: PieceIndex = -1;
  /** Wanted pieces that we lack and the peer has; only kept for peers that are no seeds. */
  interesting = 0;
  /** The interest epoch in which `interesting` was counted. */
  interestEpoch = -1;

  // How far the search for untouched pieces got: nothing before this position is of use to the peer.
  cursorBucket = 0;
  cursorPosition = 0;
  /** When the search began at the front. */
  cursorSetAt: Millis = 0;
  /** `sortings` of the order when the cursor was set; it is void when that differs. */
  cursorSorting = -1;
  /** `revivals` of the order when no untouched piece was found for the peer. */
  exhaustedAt = -1;

  constructor(peer: PickPeer) {
    this.peer = peer;
    this.slot = peer.slot;
    this.have = peer.have;
    this.haveWords = wordsOf(peer.have.bytes);
  }

  /** Takes over the bitfield that the peer has now. */
  replaceHave(): void {
    this.have = this.peer.have;
    this.haveWords = wordsOf(this.have.bytes);
  }
}

/** A view on whole 32-bit words of `bytes`, in the order of the machine. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
    : new Uint32Array(0);
}

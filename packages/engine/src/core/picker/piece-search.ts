import type { Millis, PieceIndex } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import { Shortlist } from "../../base/shortlist.ts";
import type { PeerState } from "./peer-state.ts";
import { CLASSES, type PieceOrder, RARITY_STEPS } from "./piece-order.ts";

/** A cursor is trusted for so long: swaps by other peers' news may move a rarer piece in front of it. */
const CURSOR_LIFE: Millis = 5_000;
/** Pieces looked at in the order before the peer's own bits are searched instead. */
const MAX_STEPS = 8_192;
/** Peers with less than 1/20 of the pieces are searched by their own bits at once. */
const SPARSE_FRACTION = 20;
/** Untouched pieces of the peer among which the rarest are chosen, and how many of those are kept. */
const SAMPLE = 96;
const BATCH = 16;

export const SEARCH_RAREST = 0;
/** Most common first: for snubbed peers, which should not sit on rare pieces. */
export const SEARCH_COMMON = 1;
export const SEARCH_SEQUENTIAL = 2;
export const SEARCH_RANDOM = 3;
export type SearchMode = 0 | 1 | 2 | 3;

/**
 * Finds untouched pieces that a peer has, in one of four orders, higher priorities first. Allocates nothing.
 *
 * Rarest first walks the order from the front, or from where the peer's last search got. For a peer that has few pieces, or
 * none among the first thousands, that would be slow: then the rarest of a sample of its own pieces come instead. Either
 * way a piece is found if there is one, and a search without result is not repeated before something changed.
 */
export class PieceSearch {
  readonly #order: PieceOrder;
  readonly #rng: Rng;
  // The search under way: one at a time.
  #peer: PeerState | null = null;
  #mode: SearchMode = SEARCH_RAREST;
  /** Bucket when walking rarest first, priority class (0 is the highest) in the other orders. */
  #bucket = 0;
  #position = 0;
  #fromStart = true;
  #stepsLeft = 0;
  /** Where a search by index begins, and whether it has come around. */
  #origin = 0;
  #wrapped = false;
  // Rarest first by the peer's own bits.
  #sampling = false;
  /** Bytes of the bitfield that have not been sampled since the last turn began. */
  #bytesLeft = 0;
  #nextByte = 0;
  /** In this turn, pieces were seen that are not in the batch. */
  #dropped = false;
  readonly #batch: Shortlist = new Shortlist(BATCH);
  #batchAt = 0;

  constructor(order: PieceOrder, rng: Rng) {
    this.#order = order;
    this.#rng = rng;
  }

  /** Starts a search, in sequential mode at `start` and around. False when there is nothing for sure. */
  begin(peer: PeerState, mode: SearchMode, now: Millis, start: PieceIndex = 0): boolean {
    const order = this.#order;
    if (order.freeCount === 0 || peer.exhaustedAt === order.revivals) return false;
    order.settle();
    const pieceCount = peer.have.length;
    this.#peer = peer;
    this.#mode = mode;
    this.#bucket = 0;
    this.#fromStart = true;
    this.#sampling = false;
    if (mode === SEARCH_SEQUENTIAL || mode === SEARCH_RANDOM) {
      this.#origin = mode === SEARCH_RANDOM ? this.#rng.below(pieceCount) : start;
      this.#position = this.#origin;
      this.#wrapped = this.#origin === 0;
    } else if (mode === SEARCH_COMMON) {
      this.#position = order.buckets.start[RARITY_STEPS]!;
    } else if (peer.have.count * SPARSE_FRACTION < pieceCount) {
      this.#startSampling();
    } else {
      this.#stepsLeft = MAX_STEPS;
      if (peer.cursorSorting === order.sortings && now - peer.cursorSetAt < CURSOR_LIFE) {
        this.#fromStart = false;
        this.#bucket = peer.cursorBucket;
        this.#position = Math.max(peer.cursorPosition, order.buckets.liveStart[this.#bucket]!);
      } else {
        peer.cursorSetAt = now;
        this.#position = order.buckets.liveStart[0]!;
      }
    }
    return true;
  }

  /**
   * Next piece, or -1 when there is no other. Between two calls the piece may be taken; nothing else may change. A piece that
   * is not taken may come again.
   */
  next(): PieceIndex {
    const peer = this.#peer!;
    let piece = -1;
    if (this.#mode === SEARCH_COMMON) piece = this.#nextCommon(peer);
    else if (this.#mode !== SEARCH_RAREST) piece = this.#nextByIndex(peer);
    else piece = this.#sampling ? this.#nextSampled(peer) : this.#nextRarest(peer);
    if (piece < 0) peer.exhaustedAt = this.#order.revivals;
    return piece;
  }

  #nextRarest(peer: PeerState): PieceIndex {
    const { order, start, liveStart, bucketCount } = this.#order.buckets;
    const bytes = peer.have.bytes;
    const seed = peer.seed;
    for (;;) {
      while (this.#bucket < bucketCount) {
        // What nobody but seeds has is of no use to the others.
        if (seed || this.#bucket % RARITY_STEPS !== 0) {
          const from = this.#position;
          const stop = Math.min(start[this.#bucket + 1]!, from + this.#stepsLeft);
          for (let at = from; at < stop; at++) {
            const piece = order[at]!;
            if (!seed && (bytes[piece >>> 3]! & (128 >>> (piece & 7))) === 0) continue;
            this.#setCursor(peer, at);
            this.#position = at + 1;
            return piece;
          }
          this.#stepsLeft -= Math.max(0, stop - from);
          if (this.#stepsLeft === 0) {
            this.#setCursor(peer, stop);
            this.#startSampling();
            return this.#nextSampled(peer);
          }
        }
        this.#bucket++;
        if (this.#bucket < bucketCount) this.#position = liveStart[this.#bucket]!;
      }
      if (this.#fromStart) return -1;
      this.#fromStart = true;
      this.#bucket = 0;
      this.#position = liveStart[0]!;
    }
  }

  /** If the piece at the cursor is taken, one that was passed over moves there: looking at it again does no harm. */
  #setCursor(peer: PeerState, position: number): void {
    peer.cursorBucket = this.#bucket;
    peer.cursorPosition = position;
    peer.cursorSorting = this.#order.sortings;
  }

  /** Runs down over all buckets of a class, then over the next class. */
  #nextCommon(peer: PeerState): PieceIndex {
    const { buckets } = this.#order;
    const { order, start, liveStart } = buckets;
    while (this.#bucket < CLASSES) {
      const first = start[this.#bucket * RARITY_STEPS]!;
      while (this.#position > first) {
        const at = this.#position - 1;
        const piece = order[at]!;
        const bucket = buckets.bucketOf(piece);
        if (at < liveStart[bucket]!) {
          this.#position = start[bucket]!;
        } else if (peer.have.get(piece)) {
          // Position stays: taking the piece moves another one, not looked at yet, to its place.
          return piece;
        } else {
          this.#position = at;
        }
      }
      this.#bucket++;
      if (this.#bucket < CLASSES) this.#position = start[(this.#bucket + 1) * RARITY_STEPS]!;
    }
    return -1;
  }

  /** Ascending from the origin, once around, class by class. */
  #nextByIndex(peer: PeerState): PieceIndex {
    const end = peer.have.length;
    for (; this.#bucket < CLASSES; this.#bucket++) {
      if (this.#order.freeByPriority[CLASSES - this.#bucket] !== 0) {
        let piece = this.#scan(peer, this.#wrapped && this.#origin > 0 ? this.#origin : end);
        if (piece < 0 && !this.#wrapped) {
          this.#wrapped = true;
          this.#position = 0;
          piece = this.#scan(peer, this.#origin);
        }
        if (piece >= 0) {
          this.#position = piece + 1;
          return piece;
        }
      }
      this.#position = this.#origin;
      this.#wrapped = this.#origin === 0;
    }
    return -1;
  }

  /** First untouched piece of the class and the peer in [#position, end), or -1. */
  #scan(peer: PeerState, end: number): PieceIndex {
    const order = this.#order;
    const { free, priorities } = order;
    const bytes = peer.have.bytes;
    const priority = CLASSES - this.#bucket;
    while (order.lowestByte < free.length && free[order.lowestByte] === 0) order.lowestByte++;
    let piece = Math.max(this.#position, order.lowestByte * 8);
    while (piece < end) {
      const both = free[piece >>> 3]! & bytes[piece >>> 3]! & (255 >>> (piece & 7));
      if (both === 0) {
        piece = (piece | 7) + 1;
        continue;
      }
      piece = (piece & ~7) + Math.clz32(both) - 24;
      if (piece >= end) return -1;
      if (priorities[piece] === priority) return piece;
      piece++;
    }
    return -1;
  }

  #startSampling(): void {
    this.#sampling = true;
    this.#bytesLeft = this.#order.free.length;
    this.#nextByte = this.#rng.below(this.#bytesLeft);
    this.#dropped = false;
    this.#batch.clear();
    this.#batchAt = 0;
  }

  #nextSampled(peer: PeerState): PieceIndex {
    for (;;) {
      while (this.#batchAt < this.#batch.length) {
        const piece = this.#batch.items[this.#batchAt++]!;
        if (this.#order.buckets.isLive(piece)) return piece;
      }
      if (this.#bytesLeft === 0) {
        if (!this.#dropped) return -1;
        // Pieces were passed over for rarer ones, which are gone now.
        this.#bytesLeft = this.#order.free.length;
        this.#dropped = false;
      }
      this.#fillBatch(peer);
    }
  }

  /** Looks at up to SAMPLE untouched pieces of the peer and keeps the BATCH best. */
  #fillBatch(peer: PeerState): void {
    const { free, freeWords, buckets } = this.#order;
    const { haveWords } = peer;
    const bytes = peer.have.bytes;
    let at = this.#nextByte;
    let seen = 0;
    this.#batchAt = 0;
    this.#batch.clear();
    while (this.#bytesLeft > 0 && seen < SAMPLE) {
      // Four bytes at a time while there is nothing; the turn may end inside of a word.
      if ((at & 3) === 0 && at >>> 2 < haveWords.length && this.#bytesLeft >= 4) {
        if ((freeWords[at >>> 2]! & haveWords[at >>> 2]!) === 0) {
          this.#bytesLeft -= 4;
          at += 4;
          if (at === free.length) at = 0;
          continue;
        }
      }
      let both = free[at]! & bytes[at]!;
      while (both !== 0) {
        const bit = Math.clz32(both) - 24;
        both &= ~(128 >>> bit);
        this.#batch.offer(buckets.bucketOf(at * 8 + bit), at * 8 + bit);
        seen++;
      }
      this.#bytesLeft--;
      if (++at === free.length) at = 0;
    }
    this.#nextByte = at;
    if (this.#batch.overflowed) this.#dropped = true;
  }
}

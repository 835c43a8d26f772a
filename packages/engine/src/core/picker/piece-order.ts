import type { Bitfield } from "../../base/bitfield.ts";
import type { Millis, PieceIndex } from "../../base/brand.ts";
import { BucketOrder } from "../../base/bucket-order.ts";
import type { Rng } from "../../base/rng.ts";
import type { PeerState } from "./peer-state.ts";

/** Beyond so many copies a piece is as common as any: keeps the number of buckets small and busy swarms still. */
const RARITY_STEPS = 64;
const CLASSES = 7;
/** A cursor is trusted for so long: swaps by other peers' news may move a rarer piece in front of it. */
const CURSOR_LIFE: Millis = 5_000;
/** Peers with less than 1/20 of the pieces are searched by their own bits. */
const SPARSE_FRACTION = 20;
/** Pieces found by one pass over a sparse peer's bits. */
const SPARSE_BATCH = 32;

/** How a peer is looked after in a search for untouched pieces. */
export const SEARCH_RAREST = 0;
/** Most common first: for snubbed peers, which should not sit on rare pieces. */
export const SEARCH_COMMON = 1;
export const SEARCH_SEQUENTIAL = 2;
export const SEARCH_RANDOM = 3;
export type SearchMode = 0 | 1 | 2 | 3;

/**
 * The untouched pieces: wanted, not verified, no block requested or received; in the order in which they should be
 * picked: by priority, then rarest first, ties at random. Also counts who has what.
 *
 * Seeds are counted once, not in each piece, so a piece that only seeds have is in the rarest bucket, and that bucket is
 * skipped for all others.
 */
export class PieceOrder {
  readonly #order: BucketOrder;
  /** Peers that have the piece, without the seeds. */
  readonly #copies: Uint16Array;
  readonly #priority: Uint8Array;
  /** One bit for each untouched piece, in the order of `Bitfield.bytes`. */
  readonly #free: Uint8Array;
  /** Untouched pieces by priority. */
  readonly #freeByPriority: Uint32Array = new Uint32Array(CLASSES + 1);
  readonly #rng: Rng;
  readonly #pieceCount: number;
  #seeds = 0;
  /** Grows whenever a piece becomes untouched and whenever all was sorted anew: what a peer's search found is void then. */
  #epoch = 0;
  /** No untouched piece is before this byte of `#free`. */
  #lowestByte = 0;

  // The search under way: one at a time, and it holds no other state.
  #peer: PeerState | null = null;
  #mode: SearchMode = SEARCH_RAREST;
  #sparse = false;
  #bucket = 0;
  #position = 0;
  #fromStart = true;
  #priorityClass = 0;
  #origin = 0;
  #wrapped = false;
  readonly #batch: Int32Array = new Int32Array(SPARSE_BATCH);
  readonly #batchRank: Int32Array = new Int32Array(SPARSE_BATCH);
  #batchLength = 0;
  #batchAt = 0;
  #batchTruncated = false;

  constructor(pieceCount: number, rng: Rng) {
    const order = new Uint32Array(pieceCount);
    for (let i = 0; i < pieceCount; i++) order[i] = i;
    rng.shuffle(order);
    this.#order = new BucketOrder(order, CLASSES * RARITY_STEPS);
    this.#copies = new Uint16Array(pieceCount);
    this.#priority = new Uint8Array(pieceCount);
    this.#free = new Uint8Array((pieceCount + 7) >>> 3);
    this.#rng = rng;
    this.#pieceCount = pieceCount;
  }

  get seeds(): number {
    return this.#seeds;
  }

  /** Untouched pieces. */
  get freeCount(): number {
    return this.#order.liveCount;
  }

  /** Untouched pieces that some connected peer has. */
  get availableCount(): number {
    if (this.#seeds > 0) return this.#order.liveCount;
    this.#settle();
    let count = this.#order.liveCount;
    for (let c = 0; c < CLASSES; c++) count -= this.#order.liveIn(c * RARITY_STEPS);
    return count;
  }

  /** Connected peers that have the piece. */
  availability(piece: PieceIndex): number {
    return this.#copies[piece]! + this.#seeds;
  }

  /** Whole copies among the peers, and the fraction of the next one. */
  get distributedCopies(): number {
    if (this.#pieceCount === 0) return 0;
    let least = 0xffff;
    for (const copies of this.#copies) if (copies < least) least = copies;
    let above = 0;
    for (const copies of this.#copies) if (copies > least) above++;
    return this.#seeds + least + above / this.#pieceCount;
  }

  priority(piece: PieceIndex): number {
    return this.#priority[piece]!;
  }

  isFree(piece: PieceIndex): boolean {
    return this.#order.isLive(piece);
  }

  /** Sets a priority, 0 to 7. The piece must not be untouched: take it first. */
  setPriority(piece: PieceIndex, priority: number): void {
    if (priority === this.#priority[piece]) return;
    this.#priority[piece] = priority;
    this.#order.unsettle();
    this.#place(piece);
  }

  /** The piece is being downloaded, verified or no longer wanted. */
  take(piece: PieceIndex): void {
    if (!this.#order.kill(piece)) return;
    this.#free[piece >>> 3]! &= ~(128 >>> (piece & 7));
    this.#freeByPriority[this.#priority[piece]!]!--;
  }

  /** The piece is untouched (again). */
  giveBack(piece: PieceIndex): void {
    if (!this.#order.revive(piece)) return;
    const byte = piece >>> 3;
    this.#free[byte]! |= 128 >>> (piece & 7);
    this.#freeByPriority[this.#priority[piece]!]!++;
    if (byte < this.#lowestByte) this.#lowestByte = byte;
    this.#epoch++;
  }

  /** Counts all that a peer has. */
  addPeer(peer: PeerState): void {
    if (peer.have.isFull) {
      peer.seed = true;
      this.#seeds++;
    } else {
      this.#countAll(peer.have, 1);
    }
    peer.cursorEpoch = -1;
    peer.exhaustedEpoch = -1;
  }

  /** Takes back what `addPeer` and the calls after it counted. */
  removePeer(peer: PeerState): void {
    if (peer.seed) {
      peer.seed = false;
      this.#seeds--;
    } else {
      this.#countAll(peer.have, -1);
    }
  }

  /** `peer.have` gained a piece. */
  addHave(peer: PeerState, piece: PieceIndex): void {
    this.#copies[piece]!++;
    this.#place(piece);
    peer.exhaustedEpoch = -1;
    if (peer.have.isFull) {
      for (let i = 0; i < this.#pieceCount; i++) this.#copies[i]!--;
      this.#placeAll();
      peer.seed = true;
      this.#seeds++;
    } else if (!this.#order.isSettled) {
      peer.cursorEpoch = -1;
    } else if (this.#order.positionOf(piece) < peer.cursorPosition) {
      peer.cursorBucket = this.#order.bucketOf(piece);
      peer.cursorPosition = this.#order.positionOf(piece);
    }
  }

  /** `peer.have` lost a piece. */
  dropHave(peer: PeerState, piece: PieceIndex): void {
    if (peer.seed) {
      peer.seed = false;
      this.#seeds--;
      for (let i = 0; i < this.#pieceCount; i++) if (i !== piece) this.#copies[i]!++;
      this.#placeAll();
    } else {
      this.#copies[piece]!--;
      this.#place(piece);
    }
  }

  /** Starts a search for untouched pieces that the peer has. False when there are none for sure. */
  search(peer: PeerState, mode: SearchMode, now: Millis): boolean {
    const order = this.#order;
    if (order.liveCount === 0 || peer.exhaustedEpoch === this.#epoch) return false;
    this.#settle();
    this.#peer = peer;
    this.#mode = mode;
    this.#sparse = mode === SEARCH_RAREST && peer.have.count * SPARSE_FRACTION < this.#pieceCount;
    this.#priorityClass = CLASSES;
    this.#fromStart = true;
    if (this.#sparse) {
      this.#batchLength = 0;
      this.#batchAt = 0;
      this.#batchTruncated = true;
    } else if (mode === SEARCH_SEQUENTIAL || mode === SEARCH_RANDOM) {
      this.#origin = mode === SEARCH_RANDOM ? this.#rng.below(this.#pieceCount) : 0;
      this.#position = this.#origin;
      this.#wrapped = mode === SEARCH_SEQUENTIAL;
    } else if (mode === SEARCH_COMMON) {
      this.#bucket = 0;
      this.#position = order.start[RARITY_STEPS]!;
    } else if (peer.cursorEpoch === this.#epoch && now - peer.cursorSetAt < CURSOR_LIFE) {
      this.#fromStart = false;
      this.#bucket = peer.cursorBucket;
      this.#position = Math.max(peer.cursorPosition, order.liveStart[this.#bucket]!);
    } else {
      peer.cursorSetAt = now;
      this.#rewind();
    }
    return true;
  }

  /**
   * Next piece of the search, or -1. Between two calls the piece may be taken; nothing else may change. A piece that is not
   * taken may come again.
   */
  next(): PieceIndex {
    const peer = this.#peer!;
    let piece = -1;
    if (this.#sparse) piece = this.#nextSparse(peer);
    else if (this.#mode === SEARCH_RAREST) piece = this.#nextRarest(peer);
    else if (this.#mode === SEARCH_COMMON) piece = this.#nextCommon(peer);
    else piece = this.#nextByIndex(peer);
    if (piece < 0) peer.exhaustedEpoch = this.#epoch;
    return piece;
  }

  #settle(): void {
    if (this.#order.isSettled) return;
    this.#order.settle();
    this.#epoch++;
  }

  #rewind(): void {
    this.#fromStart = true;
    this.#bucket = 0;
    this.#position = this.#order.liveStart[0]!;
  }

  #nextRarest(peer: PeerState): PieceIndex {
    const { order, start, liveStart } = this.#order;
    const bytes = peer.have.bytes;
    const seed = peer.seed;
    const bucketCount = this.#order.bucketCount;
    for (;;) {
      while (this.#bucket < bucketCount) {
        // What nobody but seeds has is of no use to the others.
        if (seed || this.#bucket % RARITY_STEPS !== 0) {
          const stop = start[this.#bucket + 1]!;
          for (let at = this.#position; at < stop; at++) {
            const piece = order[at]!;
            if (!seed && (bytes[piece >>> 3]! & (128 >>> (piece & 7))) === 0) continue;
            this.#position = at + 1;
            // If the piece is taken, one that was passed over moves here: looking at it again does no harm.
            peer.cursorBucket = this.#bucket;
            peer.cursorPosition = at;
            peer.cursorEpoch = this.#epoch;
            return piece;
          }
        }
        this.#bucket++;
        if (this.#bucket < bucketCount) this.#position = liveStart[this.#bucket]!;
      }
      if (this.#fromStart) return -1;
      this.#rewind();
    }
  }

  #nextCommon(peer: PeerState): PieceIndex {
    const { order, start, liveStart } = this.#order;
    // `#bucket` counts classes here; inside of one, `#position` runs down over all its buckets.
    while (this.#bucket < CLASSES) {
      const first = start[this.#bucket * RARITY_STEPS]!;
      while (this.#position > first) {
        const at = --this.#position;
        const piece = order[at]!;
        const bucket = this.#order.bucketOf(piece);
        if (at < liveStart[bucket]!) this.#position = start[bucket]!;
        else if (peer.have.get(piece)) {
          // Taking it moves another one, not looked at yet, to its place.
          this.#position = at + 1;
          return piece;
        }
      }
      this.#bucket++;
      if (this.#bucket < CLASSES) this.#position = start[(this.#bucket + 1) * RARITY_STEPS]!;
    }
    return -1;
  }

  /** Ascending from the origin, once around, highest priority first. */
  #nextByIndex(peer: PeerState): PieceIndex {
    for (; this.#priorityClass > 0; this.#priorityClass--) {
      if (this.#freeByPriority[this.#priorityClass] !== 0) {
        let piece = this.#scan(peer, this.#wrapped ? this.#origin || this.#pieceCount : this.#pieceCount);
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
      this.#wrapped = this.#mode === SEARCH_SEQUENTIAL;
    }
    return -1;
  }

  /** First untouched piece of the class and the peer in [#position, end), or -1. */
  #scan(peer: PeerState, end: number): PieceIndex {
    const free = this.#free;
    const bytes = peer.have.bytes;
    while (this.#lowestByte < free.length && free[this.#lowestByte] === 0) this.#lowestByte++;
    let piece = Math.max(this.#position, this.#lowestByte * 8);
    while (piece < end) {
      const both = free[piece >>> 3]! & bytes[piece >>> 3]! & (255 >>> (piece & 7));
      if (both === 0) {
        piece = (piece | 7) + 1;
        continue;
      }
      piece = (piece & ~7) + Math.clz32(both) - 24;
      if (piece >= end) return -1;
      if (this.#priority[piece] === this.#priorityClass) return piece;
      piece++;
    }
    return -1;
  }

  #nextSparse(peer: PeerState): PieceIndex {
    for (;;) {
      while (this.#batchAt < this.#batchLength) {
        const piece = this.#batch[this.#batchAt++]!;
        if (this.#order.isLive(piece)) return piece;
      }
      if (!this.#batchTruncated) return -1;
      this.#fillBatch(peer);
      if (this.#batchLength === 0) return -1;
    }
  }

  /** The best untouched pieces of a peer that has few, in order; ties begin at a random place. */
  #fillBatch(peer: PeerState): void {
    const free = this.#free;
    const bytes = peer.have.bytes;
    this.#batchAt = 0;
    this.#batchLength = 0;
    this.#batchTruncated = false;
    const shift = this.#rng.below(free.length);
    for (let part = 0; part < 2; part++) {
      const stop = part === 0 ? free.length : shift;
      for (let at = part === 0 ? shift : 0; at < stop; at++) {
        let both = free[at]! & bytes[at]!;
        while (both !== 0) {
          const bit = Math.clz32(both) - 24;
          both &= ~(128 >>> bit);
          this.#offer(at * 8 + bit);
        }
      }
    }
  }

  #offer(piece: PieceIndex): void {
    const ranks = this.#batchRank;
    const rank = this.#order.bucketOf(piece);
    let at = this.#batchLength;
    if (at === SPARSE_BATCH) {
      this.#batchTruncated = true;
      if (rank >= ranks[SPARSE_BATCH - 1]!) return;
      at--;
    } else {
      this.#batchLength++;
    }
    for (; at > 0 && ranks[at - 1]! > rank; at--) {
      ranks[at] = ranks[at - 1]!;
      this.#batch[at] = this.#batch[at - 1]!;
    }
    ranks[at] = rank;
    this.#batch[at] = piece;
  }

  #countAll(have: Bitfield, change: 1 | -1): void {
    // Sorting everything anew pays once a good part of the pieces moves.
    const sortAnew = have.count * 8 > this.#pieceCount;
    if (sortAnew) this.#order.unsettle();
    for (let piece = have.nextSet(0); piece >= 0; piece = have.nextSet(piece + 1)) {
      this.#copies[piece]! += change;
      this.#place(piece);
    }
  }

  #placeAll(): void {
    this.#order.unsettle();
    for (let i = 0; i < this.#pieceCount; i++) this.#place(i);
  }

  #place(piece: PieceIndex): void {
    const priority = Math.max(1, this.#priority[piece]!);
    const rarity = Math.min(RARITY_STEPS - 1, this.#copies[piece]!);
    this.#order.setBucket(piece, (CLASSES - priority) * RARITY_STEPS + rarity);
  }

  /** Throws when the order is broken; `free` says which pieces should be untouched. For tests. */
  invariants(peers: readonly (PeerState | undefined)[], free: (piece: PieceIndex) => boolean): void {
    this.#order.invariants();
    let seeds = 0;
    const copies = new Uint16Array(this.#pieceCount);
    for (const peer of peers) {
      if (peer === undefined) continue;
      if (peer.seed !== peer.have.isFull) throw new Error(`peer ${peer.slot}: seed`);
      if (peer.seed) seeds++;
      else for (const piece of peer.have) copies[piece]!++;
    }
    if (seeds !== this.#seeds) throw new Error("piece order: seeds");
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      if (copies[piece] !== this.#copies[piece]) throw new Error(`piece ${piece}: copies`);
      const bit = (this.#free[piece >>> 3]! & (128 >>> (piece & 7))) !== 0;
      if (bit !== this.isFree(piece)) throw new Error(`piece ${piece}: untouched bit`);
      if (bit !== free(piece)) throw new Error(`piece ${piece}: untouched is ${bit}`);
    }
    this.#freeByPriority.forEach((count, priority) => {
      let expected = 0;
      for (let i = 0; i < this.#pieceCount; i++) {
        if (this.isFree(i) && this.#priority[i] === priority) expected++;
      }
      if (count !== expected) throw new Error(`priority ${priority}: untouched count`);
    });
  }
}

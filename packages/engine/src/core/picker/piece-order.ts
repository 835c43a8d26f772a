import type { Bitfield } from "../../base/bitfield.ts";
import type { PieceIndex } from "../../base/brand.ts";
import { BucketOrder } from "../../base/bucket-order.ts";
import type { Rng } from "../../base/rng.ts";
import { type PeerState, wordsOf } from "./peer-state.ts";

/** Beyond so many copies a piece is as common as any: keeps the number of buckets small and busy swarms still. */
export const RARITY_STEPS = 64;
/** Priorities of wanted pieces, 7 to 1: each is a class of RARITY_STEPS buckets, the highest first. */
export const CLASSES = 7;
/** Pieces that lie near each other in the order of ties. */
const GROUP = 64;

/**
 * The untouched pieces: wanted, not verified, no block requested or received; in the order in which they should be
 * picked: by priority, then rarest first, ties at random. Also counts who has what.
 *
 * Seeds are counted once, not in each piece, so a piece that only seeds have is in the rarest bucket, and that bucket is
 * skipped for all others.
 */
export class PieceOrder {
  /** All pieces by priority class and rarity; the untouched ones are alive. Positions are valid after `settle`. */
  readonly buckets: BucketOrder;
  readonly priorities: Uint8Array;
  /** One bit for each untouched piece, in the order of `Bitfield.bytes`. */
  readonly free: Uint8Array;
  /** The same as words. */
  readonly freeWords: Uint32Array;
  /** No untouched piece is before this byte of `free`. The search raises it. */
  lowestByte = 0;
  /** Untouched pieces by priority. */
  readonly freeByPriority: Uint32Array = new Uint32Array(CLASSES + 1);
  /** Grows whenever a piece becomes untouched: a search that found nothing may now find something. */
  revivals = 0;
  /** Grows whenever all was sorted anew: remembered positions mean nothing then. */
  sortings = 0;
  /** Peers that have the piece, without the seeds. */
  readonly #copies: Uint16Array;
  readonly #pieceCount: number;
  #seeds = 0;
  /** Copies changed for so many pieces that all get their bucket anew in `settle`. */
  #misplaced = false;

  constructor(pieceCount: number, rng: Rng) {
    this.buckets = new BucketOrder(shuffledInGroups(pieceCount, rng), CLASSES * RARITY_STEPS);
    this.#copies = new Uint16Array(pieceCount);
    this.priorities = new Uint8Array(pieceCount);
    this.free = new Uint8Array((pieceCount + 7) >>> 3);
    this.freeWords = wordsOf(this.free);
    this.#pieceCount = pieceCount;
  }

  get seeds(): number {
    return this.#seeds;
  }

  /** Untouched pieces. */
  get freeCount(): number {
    return this.buckets.liveCount;
  }

  /** Untouched pieces that some connected peer has. */
  get availableCount(): number {
    if (this.#seeds > 0) return this.buckets.liveCount;
    this.settle();
    let count = this.buckets.liveCount;
    for (let c = 0; c < CLASSES; c++) count -= this.buckets.liveIn(c * RARITY_STEPS);
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
    return this.priorities[piece]!;
  }

  isFree(piece: PieceIndex): boolean {
    return this.buckets.isLive(piece);
  }

  /** Sets a priority, 0 to 7. The piece must not be untouched: take it first. */
  setPriority(piece: PieceIndex, priority: number): void {
    if (priority === this.priorities[piece]) return;
    this.priorities[piece] = priority;
    this.buckets.unsettle();
    this.#place(piece);
  }

  /** The piece is being downloaded, verified or no longer wanted. */
  take(piece: PieceIndex): void {
    if (!this.buckets.kill(piece)) return;
    this.free[piece >>> 3]! &= ~(128 >>> (piece & 7));
    this.freeByPriority[this.priorities[piece]!]!--;
  }

  /** The piece is untouched (again). */
  giveBack(piece: PieceIndex): void {
    if (!this.buckets.revive(piece)) return;
    const byte = piece >>> 3;
    this.free[byte]! |= 128 >>> (piece & 7);
    this.freeByPriority[this.priorities[piece]!]!++;
    if (byte < this.lowestByte) this.lowestByte = byte;
    this.revivals++;
  }

  /** Counts all that a peer has. */
  addPeer(peer: PeerState): void {
    if (peer.have.isFull) {
      peer.seed = true;
      this.#seeds++;
    } else {
      this.#countAll(peer.have, 1);
    }
    peer.cursorSorting = -1;
    peer.exhaustedAt = -1;
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
    peer.exhaustedAt = -1;
    if (peer.have.isFull) {
      for (let i = 0; i < this.#pieceCount; i++) this.#copies[i]!--;
      this.#placeAllLater();
      peer.seed = true;
      this.#seeds++;
    } else if (!this.buckets.isSettled) {
      peer.cursorSorting = -1;
    } else if (this.buckets.positionOf(piece) < peer.cursorPosition) {
      peer.cursorBucket = this.buckets.bucketOf(piece);
      peer.cursorPosition = this.buckets.positionOf(piece);
    }
  }

  /** `peer.have` lost a piece. */
  dropHave(peer: PeerState, piece: PieceIndex): void {
    if (peer.seed) {
      peer.seed = false;
      this.#seeds--;
      for (let i = 0; i < this.#pieceCount; i++) if (i !== piece) this.#copies[i]!++;
      this.#placeAllLater();
    } else {
      this.#copies[piece]!--;
      this.#place(piece);
    }
  }

  /** Makes positions in `buckets` valid. */
  settle(): void {
    if (this.buckets.isSettled) return;
    if (this.#misplaced) for (let i = 0; i < this.#pieceCount; i++) this.#place(i);
    this.#misplaced = false;
    this.buckets.settle();
    this.sortings++;
  }

  #countAll(have: Bitfield, change: 1 | -1): void {
    const { bytes } = have;
    const copies = this.#copies;
    // Sorting everything anew pays once a good part of the pieces moves.
    const few = have.count * 8 < this.#pieceCount;
    if (!few) this.#placeAllLater();
    for (let at = 0; at < bytes.length; at++) {
      for (let byte = bytes[at]!; byte !== 0;) {
        const bit = Math.clz32(byte) - 24;
        byte &= ~(128 >>> bit);
        copies[at * 8 + bit]! += change;
        if (few) this.#place(at * 8 + bit);
      }
    }
  }

  #placeAllLater(): void {
    this.buckets.unsettle();
    this.#misplaced = true;
  }

  #place(piece: PieceIndex): void {
    const priority = Math.max(1, this.priorities[piece]!);
    const rarity = Math.min(RARITY_STEPS - 1, this.#copies[piece]!);
    this.buckets.setBucket(piece, (CLASSES - priority) * RARITY_STEPS + rarity);
  }

  /** Throws when the order is broken; `free` says which pieces should be untouched. For tests. */
  invariants(peers: readonly (PeerState | undefined)[], free: (piece: PieceIndex) => boolean): void {
    this.buckets.invariants();
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
      const bit = (this.free[piece >>> 3]! & (128 >>> (piece & 7))) !== 0;
      if (bit !== this.isFree(piece)) throw new Error(`piece ${piece}: untouched bit`);
      if (bit !== free(piece)) throw new Error(`piece ${piece}: untouched is ${bit}`);
    }
    this.freeByPriority.forEach((count, priority) => {
      let expected = 0;
      for (let i = 0; i < this.#pieceCount; i++) {
        if (this.isFree(i) && this.priorities[i] === priority) expected++;
      }
      if (count !== expected) throw new Error(`priority ${priority}: untouched count`);
    });
  }
}

/** Groups of neighbours in random order, each shuffled: random enough for ties, and kind to the processor's cache. */
function shuffledInGroups(count: number, rng: Rng): Uint32Array {
  const groups = Uint32Array.from({ length: Math.ceil(count / GROUP) }, (_, group) => group);
  rng.shuffle(groups);
  const order = new Uint32Array(count);
  let at = 0;
  for (const group of groups) {
    const from = at;
    const end = Math.min(count, (group + 1) * GROUP);
    for (let item = group * GROUP; item < end; item++) order[at++] = item;
    rng.shuffle(order.subarray(from, at));
  }
  return order;
}

import type { BlockIndex, Millis, PieceIndex } from "../../base/brand.ts";

const GONE = 0;
const LIVE = 1;
const TOMBSTONE = 2;

export type RequestVisitor = (piece: PieceIndex, block: BlockIndex) => void;

const NONE_8 = new Uint8Array(0);
const NONE_16 = new Uint16Array(0);
const NONE_32 = new Uint32Array(0);
const NONE_64 = new Float64Array(0);
/** Room that a first request makes. */
const FIRST_SIZE = 32;

/**
 * What we asked one peer for, in the order of asking, in a ring of typed arrays that grows with the need: most peers are never
 * asked for anything.
 *
 * A request that we withdrew (timeout, cancel, choke) leaves a tombstone: a block that comes all the same is ours and not
 * "unsolicited". Tombstones don't count in `length`; the oldest are dropped when the ring can't grow any more.
 *
 * Finding a request starts after the one answered last, so peers that answer in runs cost O(1) per block.
 */
export class RequestQueue {
  readonly #capacity: number;
  /** Entries of the ring, a power of two; it holds as many tombstones as live requests at most. */
  readonly #maxSize: number;
  #mask = -1;
  #piece: Uint32Array = NONE_32;
  #block: Uint16Array = NONE_16;
  #sentAt: Float64Array = NONE_64;
  #state: Uint8Array = NONE_8;
  /** Ring positions, ever growing; the index of an entry is its position & mask. */
  #head = 0;
  #tail = 0;
  #hint = 0;
  #live = 0;
  #removedLate = false;

  /** `capacity` live requests fit. */
  constructor(capacity = 2_000) {
    this.#capacity = capacity;
    this.#maxSize = 2 ** Math.ceil(Math.log2(2 * capacity));
  }

  /** Outstanding requests, tombstones not counted. */
  get length(): number {
    return this.#live;
  }

  /** Whether the last successful `remove` found a withdrawn request. */
  get removedLate(): boolean {
    return this.#removedLate;
  }

  /** False when the queue is full. The same block must not be live already. */
  add(piece: PieceIndex, block: BlockIndex, now: Millis): boolean {
    if (this.#live >= this.#capacity) return false;
    if (this.#tail - this.#head > this.#mask) this.#makeRoom();
    const index = this.#tail++ & this.#mask;
    this.#piece[index] = piece;
    this.#block[index] = block;
    this.#sentAt[index] = now;
    this.#state[index] = LIVE;
    this.#live++;
    return true;
  }

  /**
   * Takes out the request that a block or a reject answers: a live one if there is one, else a tombstone. Returns the index
   * for `sentAt`, valid until the next call that adds; -1 when we never asked.
   */
  remove(piece: PieceIndex, block: BlockIndex): number {
    const position = this.#find(piece, block, true);
    if (position < 0) return -1;
    const index = position & this.#mask;
    this.#removedLate = this.#state[index] === TOMBSTONE;
    if (!this.#removedLate) this.#live--;
    this.#state[index] = GONE;
    this.#hint = position + 1;
    this.#trim();
    return index;
  }

  /** Withdraws a live request, leaving a tombstone; false when there is none. */
  bury(piece: PieceIndex, block: BlockIndex): boolean {
    const position = this.#find(piece, block, false);
    if (position < 0) return false;
    this.#state[position & this.#mask] = TOMBSTONE;
    this.#live--;
    return true;
  }

  isLive(piece: PieceIndex, block: BlockIndex): boolean {
    return this.#find(piece, block, false) >= 0;
  }

  sentAt(index: number): Millis {
    return this.#sentAt[index]!;
  }

  /** Time of the oldest live request, or Infinity. */
  oldestSentAt(): Millis {
    for (let at = this.#head; at < this.#tail; at++) {
      if (this.#state[at & this.#mask] === LIVE) return this.#sentAt[at & this.#mask]!;
    }
    return Infinity;
  }

  /** Withdraws the live requests sent at `until` or before, visiting each. Returns how many. */
  expire(until: Millis, visit: RequestVisitor): number {
    let count = 0;
    for (let at = this.#head; at < this.#tail; at++) {
      const index = at & this.#mask;
      if (this.#state[index] !== LIVE) continue;
      if (this.#sentAt[index]! > until) break;
      this.#state[index] = TOMBSTONE;
      this.#live--;
      count++;
      visit(this.#piece[index]!, this.#block[index]!);
    }
    return count;
  }

  /** Withdraws all live requests, visiting each: a choke without the fast extension, or the end of the connection. */
  clear(visit: RequestVisitor): void {
    this.expire(Infinity, visit);
  }

  /** Visits the live requests in the order of asking. Requests may be buried meanwhile, not added or removed. */
  forEach(visit: RequestVisitor): void {
    for (let at = this.#head; at < this.#tail; at++) {
      const index = at & this.#mask;
      if (this.#state[index] === LIVE) visit(this.#piece[index]!, this.#block[index]!);
    }
  }

  /** Position of a live request, or (if asked for) of the oldest tombstone when there is no live one; -1. */
  #find(piece: PieceIndex, block: BlockIndex, orTombstone: boolean): number {
    const mask = this.#mask;
    const from = this.#hint < this.#head || this.#hint > this.#tail ? this.#head : this.#hint;
    let buried = -1;
    for (let pass = 0; pass < 2; pass++) {
      const stop = pass === 0 ? this.#tail : from;
      for (let at = pass === 0 ? from : this.#head; at < stop; at++) {
        const index = at & mask;
        if (this.#block[index] !== block || this.#piece[index] !== piece) continue;
        const state = this.#state[index];
        if (state === LIVE) return at;
        if (state === TOMBSTONE && orTombstone && (buried < 0 || at < buried)) buried = at;
      }
    }
    return buried;
  }

  #trim(): void {
    while (this.#head < this.#tail && this.#state[this.#head & this.#mask] === GONE) this.#head++;
  }

  /** Closes the gaps in a full ring; when that leaves less than a quarter free it grows, or drops tombstones, the oldest first. */
  #makeRoom(): void {
    const size = this.#mask + 1;
    let kept = 0;
    for (let at = this.#head; at < this.#tail; at++) if (this.#state[at & this.#mask] !== GONE) kept++;
    const excess = kept - Math.floor((size * 3) / 4);
    if (size < this.#maxSize && excess >= 0)
      this.#move(Math.min(this.#maxSize, Math.max(FIRST_SIZE, size * 2)), 0);
    else this.#move(size, Math.max(0, excess));
  }

  /** Moves what is not gone to the front of a ring of `size` entries, without the `drop` oldest tombstones. */
  #move(size: number, drop: number): void {
    const mask = this.#mask;
    const [piece, block, sentAt, state] = [this.#piece, this.#block, this.#sentAt, this.#state];
    if (size !== mask + 1) {
      this.#mask = size - 1;
      this.#piece = new Uint32Array(size);
      this.#block = new Uint16Array(size);
      this.#sentAt = new Float64Array(size);
      this.#state = new Uint8Array(size);
    }
    let to = this.#head;
    let left = drop;
    for (let at = this.#head; at < this.#tail; at++) {
      const index = at & mask;
      if (state[index] === GONE) continue;
      if (state[index] === TOMBSTONE && left > 0) {
        left--;
        continue;
      }
      const target = to++ & this.#mask;
      this.#piece[target] = piece[index]!;
      this.#block[target] = block[index]!;
      this.#sentAt[target] = sentAt[index]!;
      this.#state[target] = state[index]!;
    }
    this.#tail = to;
    this.#hint = this.#head;
  }
}

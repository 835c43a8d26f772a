import type { BlockIndex, PieceIndex } from "../base/brand.ts";
import { BLOCK_SIZE } from "../meta/layout.ts";

/** A write to start: whole blocks of one run, contiguous. Its slot stays busy until `onWritten`. */
export interface StoreWrite {
  /** Number that the session gave the torrent. */
  readonly torrent: number;
  readonly piece: PieceIndex;
  /** Bytes from the piece's start. */
  readonly begin: number;
  readonly arenaOffset: number;
  readonly length: number;
  readonly firstBlock: BlockIndex;
  readonly blockCount: number;
  readonly slot: number;
}

const FREE = 0;
/** Blocks arrive. */
const FILLING = 1;
/** To be written, or being written. */
const BUSY = 2;

/** A run that got no block while this many others came is not likely to be filled soon. */
const STALE_AFTER = 64;

/**
 * Received blocks on their way to the disk: which arena slot holds which run (a slot's worth of a piece, at a fixed
 * offset in it). A complete run is written at once; when slots become few, incomplete ones are written as they are.
 * Shared by all torrents of a session.
 *
 * Invariants: a slot is free, filling or busy; a run has at most one filling slot; free + busy slots never fall below the
 * flush mark, so that slots come back as long as the disk answers; a block given to `put` leaves in exactly one
 * `StoreWrite` unless its torrent is dropped.
 */
export class StoreBuffer {
  readonly slotCount: number;
  readonly slotBytes: number;
  readonly #state: Uint8Array;
  readonly #torrent: Float64Array;
  readonly #piece: Int32Array;
  readonly #run: Int32Array;
  /** Bytes of the run. */
  readonly #length: Int32Array;
  /** Bit i: block i of the run is present (filling) or still to be handed out as a write (busy). */
  readonly #mask: Uint32Array;
  /** Value of `#clock` when the last block came. */
  readonly #touched: Float64Array;
  /** Writes handed out and not reported back. */
  readonly #writing: Uint8Array;
  /** Hash chains of filling slots: heads by hash, next slot by slot; -1 ends. */
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  /** Slots that are free; the first `#freeCount` count. */
  readonly #free: Int32Array;
  #freeCount: number;
  #fillingCount: number = 0;
  /** Busy slots with blocks to hand out, a ring. */
  readonly #ready: Int32Array;
  #readyHead: number = 0;
  #readyCount: number = 0;
  #clock: number = 0;

  /** Below these numbers of free slots: incomplete runs are written; no more requests; no more reading. */
  readonly #flushMark: number;
  readonly #softMark: number;
  readonly #hardMark: number;
  #underPressure: boolean = false;
  #mustPause: boolean = false;

  /** At least two slots; `slotBytes` is a multiple of a block, at most 32 blocks. */
  constructor(shape: { readonly slotCount: number; readonly slotBytes: number }) {
    const { slotCount, slotBytes } = shape;
    if (slotCount < 2 || slotBytes % BLOCK_SIZE !== 0 || slotBytes > 32 * BLOCK_SIZE || slotBytes === 0) {
      throw new RangeError(`${slotCount} slots of ${slotBytes} bytes`);
    }
    this.slotCount = slotCount;
    this.slotBytes = slotBytes;
    this.#state = new Uint8Array(slotCount);
    this.#torrent = new Float64Array(slotCount);
    this.#piece = new Int32Array(slotCount);
    this.#run = new Int32Array(slotCount);
    this.#length = new Int32Array(slotCount);
    this.#mask = new Uint32Array(slotCount);
    this.#touched = new Float64Array(slotCount);
    this.#writing = new Uint8Array(slotCount);
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(slotCount * 2))).fill(-1);
    this.#next = new Int32Array(slotCount).fill(-1);
    this.#free = Int32Array.from({ length: slotCount }, (_, i) => slotCount - 1 - i);
    this.#freeCount = slotCount;
    this.#ready = new Int32Array(slotCount);
    // One read of a socket may bring blocks of 16 different runs after the order to stop.
    this.#hardMark = Math.max(1, Math.min(16, slotCount >>> 3));
    this.#softMark = Math.min(slotCount, this.#hardMark + Math.max(1, slotCount >>> 4));
    this.#flushMark = Math.min(slotCount, this.#softMark + Math.max(1, slotCount >>> 3));
  }

  /** True while no further blocks should be requested. */
  get underPressure(): boolean {
    return this.#underPressure;
  }

  /** True while sockets should not be read. Implies `underPressure`. */
  get mustPause(): boolean {
    return this.#mustPause;
  }

  get freeSlots(): number {
    return this.#freeCount;
  }

  /** True when nothing is in the buffer. */
  get isEmpty(): boolean {
    return this.#freeCount === this.slotCount;
  }

  /**
   * Makes room for a block and counts it as present: the caller copies it to the returned arena offset before it calls
   * anything else. `dataSize` is `layout.dataSize(piece)`. Returns -1 when every slot is taken: the block is not kept.
   */
  put(torrent: number, piece: PieceIndex, block: BlockIndex, dataSize: number): number {
    const blocksPerRun = this.slotBytes / BLOCK_SIZE;
    const run = Math.floor(block / blocksPerRun);
    const bit = block - run * blocksPerRun;
    let slot = this.#find(torrent, piece, run);
    if (slot < 0) {
      if (this.#freeCount === 0) return -1;
      slot = this.#allocate(torrent, piece, run, Math.min(this.slotBytes, dataSize - run * this.slotBytes));
    }
    this.#mask[slot] = ((this.#mask[slot] as number) | (1 << bit)) >>> 0;
    this.#touched[slot] = ++this.#clock;
    if (this.#mask[slot] === fullMask(this.#length[slot] as number)) this.#makeBusy(slot);
    else this.#relieve();
    return slot * this.slotBytes + bit * BLOCK_SIZE;
  }

  /** The next write to start, in the order in which runs became ready; null when there is none. */
  nextWrite(): StoreWrite | null {
    if (this.#readyCount === 0) return null;
    const slot = this.#ready[this.#readyHead] as number;
    const mask = this.#mask[slot] as number;
    const first = 31 - Math.clz32(mask & -mask);
    const count = onesFrom(mask, first);
    const left = (mask & ~bits(first, count)) >>> 0;
    this.#mask[slot] = left;
    this.#writing[slot] = (this.#writing[slot] as number) + 1;
    if (left === 0) {
      this.#readyHead = (this.#readyHead + 1) % this.slotCount;
      this.#readyCount--;
    }
    const run = this.#run[slot] as number;
    const offset = first * BLOCK_SIZE;
    return {
      torrent: this.#torrent[slot] as number,
      piece: this.#piece[slot] as number,
      begin: run * this.slotBytes + offset,
      arenaOffset: slot * this.slotBytes + offset,
      length: Math.min(count * BLOCK_SIZE, (this.#length[slot] as number) - offset),
      firstBlock: (run * this.slotBytes) / BLOCK_SIZE + first,
      blockCount: count,
      slot,
    };
  }

  /**
   * A write has ended. Failed or not, its blocks have left the buffer: after a failure the caller asks peers for
   * `firstBlock … + blockCount` again.
   */
  onWritten(write: StoreWrite): void {
    const { slot } = write;
    if (this.#state[slot] !== BUSY || this.#writing[slot] === 0)
      throw new RangeError(`slot ${slot} is not being written`);
    this.#writing[slot] = (this.#writing[slot] as number) - 1;
    if (this.#writing[slot] === 0 && this.#mask[slot] === 0) this.#release(slot);
    this.#relieve();
  }

  /** Readies all of a piece's blocks for writing: call it when the piece is complete, before it is hashed. */
  flushPiece(torrent: number, piece: PieceIndex, dataSize: number): void {
    const runs = Math.ceil(dataSize / this.slotBytes);
    for (let run = 0; run < runs; run++) {
      const slot = this.#find(torrent, piece, run);
      if (slot >= 0) this.#makeBusy(slot);
    }
  }

  /** Readies everything for writing, of one torrent or of all. */
  flushAll(torrent: number | null = null): void {
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (this.#state[slot] === FILLING && (torrent === null || this.#torrent[slot] === torrent))
        this.#makeBusy(slot);
    }
  }

  /** Throws away a torrent's blocks that are not being written yet. Writes under way still end with `onWritten`. */
  drop(torrent: number): void {
    this.flushAll(torrent);
    const ready = this.#readyCount;
    for (let i = 0; i < ready; i++) {
      const slot = this.#ready[this.#readyHead] as number;
      this.#readyHead = (this.#readyHead + 1) % this.slotCount;
      this.#readyCount--;
      if (this.#torrent[slot] !== torrent) this.#pushReady(slot);
      else {
        this.#mask[slot] = 0;
        if (this.#writing[slot] === 0) this.#release(slot);
      }
    }
    this.#relieve();
  }

  /** Throws when the state contradicts itself; for tests and the simulator. */
  invariants(): void {
    let filling = 0;
    let free = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      const state = this.#state[slot];
      const mask = this.#mask[slot] as number;
      if (state === FREE) free++;
      if (state === FILLING) filling++;
      if (state === FREE && (mask !== 0 || this.#writing[slot] !== 0))
        throw new Error(`free slot ${slot} has blocks`);
      if (state === BUSY && mask === 0 && this.#writing[slot] === 0)
        throw new Error(`slot ${slot} is leaked`);
      if (state !== FILLING) continue;
      if (mask === 0 || this.#writing[slot] !== 0) throw new Error(`filling slot ${slot} is inconsistent`);
      if (
        this.#find(this.#torrent[slot] as number, this.#piece[slot] as number, this.#run[slot] as number) !==
        slot
      ) {
        throw new Error(`filling slot ${slot} is not found`);
      }
    }
    if (free !== this.#freeCount || filling !== this.#fillingCount) throw new Error("slot counts are wrong");
    const wanted = Math.min(this.#flushMark, this.slotCount);
    if (this.slotCount - filling < wanted) throw new Error("too many filling slots");
  }

  #allocate(torrent: number, piece: PieceIndex, run: number, length: number): number {
    const slot = this.#free[--this.#freeCount] as number;
    this.#state[slot] = FILLING;
    this.#fillingCount++;
    this.#torrent[slot] = torrent;
    this.#piece[slot] = piece;
    this.#run[slot] = run;
    this.#length[slot] = length;
    const chain = this.#chainOf(torrent, piece, run);
    this.#next[slot] = this.#heads[chain] as number;
    this.#heads[chain] = slot;
    this.#updateMarks();
    return slot;
  }

  #find(torrent: number, piece: PieceIndex, run: number): number {
    let slot = this.#heads[this.#chainOf(torrent, piece, run)] as number;
    while (slot >= 0) {
      if (this.#piece[slot] === piece && this.#run[slot] === run && this.#torrent[slot] === torrent)
        return slot;
      slot = this.#next[slot] as number;
    }
    return -1;
  }

  #chainOf(torrent: number, piece: PieceIndex, run: number): number {
    const hash = Math.imul(torrent, 0x9e3779b1) ^ Math.imul(piece, 0x85ebca6b) ^ Math.imul(run, 0xc2b2ae35);
    return (hash ^ (hash >>> 15)) & (this.#heads.length - 1);
  }

  /** From filling to busy: out of the chain, into the queue of writes. */
  #makeBusy(slot: number): void {
    const chain = this.#chainOf(
      this.#torrent[slot] as number,
      this.#piece[slot] as number,
      this.#run[slot] as number,
    );
    const next = this.#next[slot] as number;
    if (this.#heads[chain] === slot) this.#heads[chain] = next;
    else {
      let before = this.#heads[chain] as number;
      while (this.#next[before] !== slot) before = this.#next[before] as number;
      this.#next[before] = next;
    }
    this.#next[slot] = -1;
    this.#state[slot] = BUSY;
    this.#fillingCount--;
    this.#pushReady(slot);
  }

  #pushReady(slot: number): void {
    this.#ready[(this.#readyHead + this.#readyCount) % this.slotCount] = slot;
    this.#readyCount++;
  }

  #release(slot: number): void {
    this.#state[slot] = FREE;
    this.#free[this.#freeCount++] = slot;
    this.#updateMarks();
  }

  /** Readies incomplete runs for writing until enough slots are free or on their way to it. */
  #relieve(): void {
    while (this.#fillingCount > 0 && this.slotCount - this.#fillingCount < this.#flushMark) {
      this.#makeBusy(this.#chooseVictim());
    }
  }

  /**
   * Of the runs that rest, the one with the longest contiguous stretch, the least recently touched among equals; when none
   * rests, the least recently touched.
   */
  #chooseVictim(): number {
    let oldest = -1;
    let longest = -1;
    let longestStretch = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (this.#state[slot] !== FILLING) continue;
      const touched = this.#touched[slot] as number;
      if (oldest < 0 || touched < (this.#touched[oldest] as number)) oldest = slot;
      if (this.#clock - touched < STALE_AFTER) continue;
      const stretch = longestStretchOf(this.#mask[slot] as number);
      if (
        stretch > longestStretch ||
        (stretch === longestStretch && touched < (this.#touched[longest] as number))
      ) {
        longest = slot;
        longestStretch = stretch;
      }
    }
    return longest >= 0 ? longest : oldest;
  }

  /** Each of the two ends at a higher mark than it begins, so that it doesn't flutter. */
  #updateMarks(): void {
    const free = this.#freeCount;
    if (free < this.#hardMark) this.#mustPause = true;
    else if (free >= this.#softMark) this.#mustPause = false;
    if (free < this.#softMark) this.#underPressure = true;
    else if (free >= this.#flushMark) this.#underPressure = false;
  }
}

/** Bits first … first + count - 1. */
function bits(first: number, count: number): number {
  return (count === 32 ? 0xffffffff : ((1 << count) - 1) << first) >>> 0;
}

function fullMask(length: number): number {
  return bits(0, Math.ceil(length / BLOCK_SIZE));
}

/** Number of set bits in a row from `first`, which is set. */
function onesFrom(mask: number, first: number): number {
  const zeros = ~(mask >>> first) >>> 0;
  return zeros === 0 ? 32 - first : Math.min(32 - first, 31 - Math.clz32(zeros & -zeros));
}

function longestStretchOf(mask: number): number {
  let length = 0;
  for (let left = mask; left !== 0; left = (left & (left << 1)) >>> 0) length++;
  return length;
}

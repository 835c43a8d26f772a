import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../../base/brand.ts";

const BLOCK_FREE = 0;
export const BLOCK_REQUESTED = 1;
export const BLOCK_RECEIVED = 2;
/** In place of a peer slot: no peer, or one that has gone. */
export const NO_PEER: PeerSlot = 0xffff;
/** Blocks in a run of 256 KiB, the unit of the storage. */
const RUN_BLOCKS = 16;

/**
 * The blocks of one piece under way: who was asked for which block, and who delivered it. Objects are pooled.
 *
 * Invariants: a requested block has at least one requester; a free one has none; a received one may have requesters that
 * are yet to be told (`otherRequesters` of the picker). `first` is filled before `second`.
 */
export class PartialPiece {
  piece: PieceIndex = -1;
  blockCount = 0;
  free = 0;
  requested = 0;
  received = 0;
  /** Speed class of the peers that share the piece. */
  speed = 0;
  /** The peer on parole that has the piece to itself, or NO_PEER. */
  exclusive: PeerSlot = NO_PEER;
  /** Position in the pool's list of open or of busy pieces. */
  listed = -1;
  /** Entry of the pool. */
  readonly entry: number;
  readonly state: Uint8Array;
  readonly first: Uint16Array;
  readonly second: Uint16Array;
  readonly deliverer: Uint16Array;
  readonly requestedAt: Float64Array;
  /** Who takes blocks from a run; others come in only when there is no run to themselves. */
  readonly #runOwner: Uint16Array;
  readonly #runFree: Uint8Array;

  constructor(entry: number, maxBlocks: number) {
    this.entry = entry;
    this.state = new Uint8Array(maxBlocks);
    this.first = new Uint16Array(maxBlocks).fill(NO_PEER);
    this.second = new Uint16Array(maxBlocks).fill(NO_PEER);
    this.deliverer = new Uint16Array(maxBlocks).fill(NO_PEER);
    this.requestedAt = new Float64Array(maxBlocks);
    const runs = Math.ceil(maxBlocks / RUN_BLOCKS);
    this.#runOwner = new Uint16Array(runs).fill(NO_PEER);
    this.#runFree = new Uint8Array(runs);
  }

  reset(piece: PieceIndex, blockCount: number): void {
    this.piece = piece;
    this.blockCount = blockCount;
    this.free = blockCount;
    this.requested = 0;
    this.received = 0;
    this.speed = 0;
    this.exclusive = NO_PEER;
    this.state.fill(BLOCK_FREE, 0, blockCount);
    this.first.fill(NO_PEER, 0, blockCount);
    this.second.fill(NO_PEER, 0, blockCount);
    this.deliverer.fill(NO_PEER, 0, blockCount);
    const runs = Math.ceil(blockCount / RUN_BLOCKS);
    this.#runOwner.fill(NO_PEER, 0, runs);
    for (let run = 0; run < runs; run++) {
      this.#runFree[run] = Math.min(RUN_BLOCKS, blockCount - run * RUN_BLOCKS);
    }
  }

  /** Requesters of a block: 0, 1 or 2. */
  requesters(block: BlockIndex): number {
    if (this.first[block] === NO_PEER) return 0;
    return this.second[block] === NO_PEER ? 1 : 2;
  }

  isRequester(slot: PeerSlot, block: BlockIndex): boolean {
    return this.first[block] === slot || this.second[block] === slot;
  }

  /**
   * Requests up to `max` free blocks for a peer and writes (piece, block) pairs into `out` from pair `count` on; returns the
   * new number of pairs. Ascending: first in the peer's own run, then in runs that nobody works on, then anywhere.
   */
  take(slot: PeerSlot, max: number, now: Millis, out: Int32Array, count: number): number {
    const runs = Math.ceil(this.blockCount / RUN_BLOCKS);
    const end = count + Math.min(max, this.free);
    for (let pass = 0; pass < 3 && count < end; pass++) {
      for (let run = 0; run < runs && count < end; run++) {
        if (this.#runFree[run] === 0) continue;
        const owner = this.#runOwner[run]!;
        if (pass === 0 ? owner !== slot : pass === 1 && owner !== NO_PEER) continue;
        if (owner === NO_PEER) this.#runOwner[run] = slot;
        const stop = Math.min(this.blockCount, (run + 1) * RUN_BLOCKS);
        for (let block = run * RUN_BLOCKS; block < stop && count < end; block++) {
          if (this.state[block] !== BLOCK_FREE) continue;
          this.state[block] = BLOCK_REQUESTED;
          this.first[block] = slot;
          this.requestedAt[block] = now;
          this.#runFree[run]!--;
          this.free--;
          this.requested++;
          out[2 * count] = this.piece;
          out[2 * count + 1] = block;
          count++;
        }
      }
    }
    return count;
  }

  /** Adds a second requester to a requested block. */
  duplicate(slot: PeerSlot, block: BlockIndex): void {
    this.second[block] = slot;
  }

  /** Takes a peer off a block's requesters; false when it was none. A requested block without one becomes free. */
  removeRequester(slot: PeerSlot, block: BlockIndex): boolean {
    if (this.first[block] === slot) {
      this.first[block] = this.second[block]!;
    } else if (this.second[block] !== slot) {
      return false;
    }
    this.second[block] = NO_PEER;
    if (this.state[block] === BLOCK_REQUESTED && this.first[block] === NO_PEER) {
      this.requested--;
      this.#free(block);
      // The run is up for grabs: its owner could not keep it.
      const run = Math.floor(block / RUN_BLOCKS);
      if (this.#runOwner[run] === slot) this.#runOwner[run] = NO_PEER;
    }
    return true;
  }

  /** A block arrived. Only for free and requested blocks. */
  receive(slot: PeerSlot, block: BlockIndex): void {
    if (this.state[block] === BLOCK_FREE) {
      this.free--;
      this.#runFree[Math.floor(block / RUN_BLOCKS)]!--;
    } else {
      this.requested--;
    }
    this.state[block] = BLOCK_RECEIVED;
    this.deliverer[block] = slot;
    this.received++;
  }

  /** Gives up a received block: it must come again. */
  discard(block: BlockIndex): void {
    this.received--;
    this.deliverer[block] = NO_PEER;
    if (this.first[block] === NO_PEER) {
      this.#free(block);
    } else {
      this.state[block] = BLOCK_REQUESTED;
      this.requested++;
    }
  }

  /** Forgets which blocks a former holder of the slot delivered. */
  forgetDeliverer(slot: PeerSlot): void {
    for (let block = 0; block < this.blockCount; block++) {
      if (this.deliverer[block] === slot) this.deliverer[block] = NO_PEER;
    }
  }

  #free(block: BlockIndex): void {
    this.state[block] = BLOCK_FREE;
    this.#runFree[Math.floor(block / RUN_BLOCKS)]!++;
    this.free++;
  }

  /** Throws when the counters don't match the blocks. For tests. */
  invariants(): void {
    const counts = [0, 0, 0];
    const runFree = new Array<number>(Math.ceil(this.blockCount / RUN_BLOCKS)).fill(0);
    for (let block = 0; block < this.blockCount; block++) {
      const state = this.state[block]!;
      counts[state]!++;
      if (state === BLOCK_FREE) runFree[Math.floor(block / RUN_BLOCKS)]!++;
      const requesters = this.requesters(block);
      const where = `piece ${this.piece} block ${block}`;
      if (state === BLOCK_REQUESTED && requesters === 0) throw new Error(`${where}: requested by nobody`);
      if (state === BLOCK_FREE && requesters !== 0) throw new Error(`${where}: free with a requester`);
      if (this.first[block] === NO_PEER && this.second[block] !== NO_PEER) throw new Error(`${where}: gap`);
      if (requesters === 2 && this.first[block] === this.second[block]) throw new Error(`${where}: twice`);
      if (state !== BLOCK_RECEIVED && this.deliverer[block] !== NO_PEER)
        throw new Error(`${where}: deliverer`);
    }
    if (counts[0] !== this.free || counts[1] !== this.requested || counts[2] !== this.received) {
      throw new Error(`piece ${this.piece}: counters`);
    }
    for (let run = 0; run < runFree.length; run++) {
      if (runFree[run] !== this.#runFree[run]) throw new Error(`piece ${this.piece} run ${run}: counter`);
    }
  }
}

/** All pieces under way: those with free blocks (open) and the others (busy). Nothing is allocated once warm. */
export class PartialPool {
  readonly open: PartialPiece[] = [];
  readonly busy: PartialPiece[] = [];
  readonly #entries: PartialPiece[] = [];
  readonly #unused: PartialPiece[] = [];
  /** Entry of each piece, or -1. */
  readonly #entryOf: Int32Array;
  readonly #maxBlocks: number;

  constructor(pieceCount: number, maxBlocks: number) {
    this.#entryOf = new Int32Array(pieceCount).fill(-1);
    this.#maxBlocks = maxBlocks;
  }

  get count(): number {
    return this.open.length + this.busy.length;
  }

  get(piece: PieceIndex): PartialPiece | null {
    const entry = this.#entryOf[piece]!;
    return entry < 0 ? null : this.#entries[entry]!;
  }

  /** The piece in an entry of the pool; only for entries in use. */
  at(entry: number): PartialPiece {
    return this.#entries[entry]!;
  }

  add(piece: PieceIndex, blockCount: number): PartialPiece {
    let part = this.#unused.pop();
    if (part === undefined) {
      part = new PartialPiece(this.#entries.length, this.#maxBlocks);
      this.#entries.push(part);
    }
    part.reset(piece, blockCount);
    this.#entryOf[piece] = part.entry;
    part.listed = this.open.length;
    this.open.push(part);
    return part;
  }

  remove(part: PartialPiece): void {
    this.#unlist(part);
    this.#entryOf[part.piece] = -1;
    part.piece = -1;
    this.#unused.push(part);
  }

  /** Moves a piece to the list it belongs to; to be called after its blocks changed. */
  relist(part: PartialPiece): void {
    const list = part.free > 0 ? this.open : this.busy;
    if (list[part.listed] === part) return;
    this.#unlist(part);
    part.listed = list.length;
    list.push(part);
  }

  #unlist(part: PartialPiece): void {
    const list = this.open[part.listed] === part ? this.open : this.busy;
    const last = list.pop()!;
    if (last !== part) {
      list[part.listed] = last;
      last.listed = part.listed;
    }
    part.listed = -1;
  }

  /** Throws when lists and table disagree. For tests. */
  invariants(): void {
    for (const list of [this.open, this.busy]) {
      list.forEach((part, at) => {
        if (part.listed !== at || this.get(part.piece) !== part || part.free > 0 !== (list === this.open)) {
          throw new Error(`piece ${part.piece}: wrong list`);
        }
        part.invariants();
      });
    }
    let entries = 0;
    for (const entry of this.#entryOf) if (entry >= 0) entries++;
    if (entries !== this.count) throw new Error("partial pieces: table");
  }
}

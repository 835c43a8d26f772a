import type { PieceIndex } from "../../base/brand.ts";

/** Storage runs end here: reading over such a border would be two reads. */
const RUN_BYTES = 256 * 1024;

/** Room that a first request makes. */
const FIRST_SIZE = 32;
const NONE = new Uint32Array(0);

export type UploadVisitor = (piece: PieceIndex, begin: number, length: number) => void;

/** Consecutive requests of one piece that are read in one go. The object is reused by each call of `nextRun`. */
export interface UploadRun {
  piece: PieceIndex;
  /** Offset in the piece, bytes. */
  begin: number;
  /** Bytes of the whole run. */
  length: number;
  /** Bytes of each request but the last, which may be shorter. */
  blockLength: number;
}

/**
 * Requests that one peer made of us, sorted by piece and offset so that neighbours are read and sent together. Served like
 * an elevator: upwards from where the last run ended, then again from the lowest, so that none waits for ever. The arrays
 * grow with the need: most peers never ask for anything.
 */
export class UploadQueue {
  readonly #capacity: number;
  // Sorted entries lie in [#start, #end).
  #piece: Uint32Array = NONE;
  #begin: Uint32Array = NONE;
  #length: Uint32Array = NONE;
  #start = 0;
  #end = 0;
  #bytes = 0;
  #lastPiece: PieceIndex = 0;
  #lastEnd = 0;
  readonly #run: UploadRun = { piece: 0, begin: 0, length: 0, blockLength: 0 };

  /** `capacity`: how many requests a peer may have queued; what we announce as `reqq` (BEP 10). */
  constructor(capacity = 2_000) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  /** False when the queue is full (reject it, or drop it without the fast extension). A repeated request is kept once. */
  add(piece: PieceIndex, begin: number, length: number): boolean {
    let at = this.#lowerBound(piece, begin, length);
    if (this.#is(at, piece, begin, length)) return true;
    if (this.length >= this.#capacity) return false;
    if (this.#end === this.#piece.length) {
      at -= this.#start;
      this.#makeRoom();
    }
    this.#move(at, this.#end, at + 1);
    this.#end++;
    this.#put(at, piece, begin, length);
    this.#bytes += length;
    return true;
  }

  /** Takes a request out, matched by all three values; false when it is not queued. */
  cancel(piece: PieceIndex, begin: number, length: number): boolean {
    const at = this.#lowerBound(piece, begin, length);
    if (!this.#is(at, piece, begin, length)) return false;
    this.#remove(at, 1);
    return true;
  }

  /** The piece of which the next run will be; -1 when nothing is queued. */
  get nextPiece(): PieceIndex {
    return this.#start === this.#end ? -1 : this.#piece[this.#nextAt()]!;
  }

  /**
   * Takes out the next run of contiguous requests of equal length, at most `maxBytes` (but always one request) and not over a
   * border of 256 KiB, where storage runs end. Null when nothing is queued. The result is overwritten by the next call.
   */
  nextRun(maxBytes: number): UploadRun | null {
    if (this.#start === this.#end) return null;
    const at = this.#nextAt();
    const run = this.#run;
    const blockLength = this.#length[at]!;
    run.piece = this.#piece[at]!;
    run.begin = this.#begin[at]!;
    run.blockLength = blockLength;
    run.length = blockLength;
    let next = at + 1;
    const border = run.begin - (run.begin % RUN_BYTES) + RUN_BYTES;
    while (next < this.#end && run.length % blockLength === 0) {
      const end = run.begin + run.length;
      const length = this.#length[next]!;
      if (this.#piece[next] !== run.piece || this.#begin[next] !== end || length > blockLength) break;
      if (run.length + length > maxBytes || end + length > border) break;
      run.length += length;
      next++;
    }
    this.#remove(at, next - at);
    this.#lastPiece = run.piece;
    this.#lastEnd = run.begin + run.length;
    return run;
  }

  /**
   * Empties the queue, visiting each request (with the fast extension each gets a reject). Requests for pieces in `keep`
   * (allowed fast, BEP 6) survive; null keeps none.
   */
  clear(visit: UploadVisitor, keep: ReadonlySet<PieceIndex> | null = null): void {
    const end = this.#end;
    let to = 0;
    const from = this.#start;
    this.#start = 0;
    this.#bytes = 0;
    for (let at = from; at < end; at++) {
      const piece = this.#piece[at]!;
      const begin = this.#begin[at]!;
      const length = this.#length[at]!;
      if (keep !== null && keep.has(piece)) {
        this.#put(to++, piece, begin, length);
        this.#bytes += length;
      } else {
        visit(piece, begin, length);
      }
    }
    this.#end = to;
  }

  #nextAt(): number {
    const at = this.#lowerBound(this.#lastPiece, this.#lastEnd, 0);
    return at === this.#end ? this.#start : at;
  }

  /** First entry that is not before the given one. */
  #lowerBound(piece: PieceIndex, begin: number, length: number): number {
    let low = this.#start;
    let high = this.#end;
    // Requests mostly come in ascending order: look at the end first.
    if (high > low && this.#isBefore(high - 1, piece, begin, length)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(middle, piece, begin, length)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBefore(at: number, piece: PieceIndex, begin: number, length: number): boolean {
    if (this.#piece[at] !== piece) return this.#piece[at]! < piece;
    if (this.#begin[at] !== begin) return this.#begin[at]! < begin;
    return this.#length[at]! < length;
  }

  #is(at: number, piece: PieceIndex, begin: number, length: number): boolean {
    return (
      at < this.#end && this.#piece[at] === piece && this.#begin[at] === begin && this.#length[at] === length
    );
  }

  #put(at: number, piece: PieceIndex, begin: number, length: number): void {
    this.#piece[at] = piece;
    this.#begin[at] = begin;
    this.#length[at] = length;
  }

  #remove(at: number, count: number): void {
    for (let i = at; i < at + count; i++) this.#bytes -= this.#length[i]!;
    // The shorter side moves; runs are mostly taken near the start.
    if (at - this.#start < this.#end - at - count) {
      this.#move(this.#start, at, this.#start + count);
      this.#start += count;
    } else {
      this.#move(at + count, this.#end, at);
      this.#end -= count;
    }
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  /** Moves the entries to the front, of larger arrays when more than half is in use. */
  #makeRoom(): void {
    const { length } = this;
    if (length * 2 > this.#piece.length || this.#piece.length === 0) {
      const size = Math.min(this.#capacity, Math.max(FIRST_SIZE, this.#piece.length * 2));
      this.#piece = copyOf(this.#piece, this.#start, this.#end, size);
      this.#begin = copyOf(this.#begin, this.#start, this.#end, size);
      this.#length = copyOf(this.#length, this.#start, this.#end, size);
    } else {
      this.#move(this.#start, this.#end, 0);
    }
    this.#start = 0;
    this.#end = length;
  }

  #move(from: number, to: number, target: number): void {
    this.#piece.copyWithin(target, from, to);
    this.#begin.copyWithin(target, from, to);
    this.#length.copyWithin(target, from, to);
  }
}

function copyOf(values: Uint32Array, start: number, end: number, size: number): Uint32Array {
  const copy = new Uint32Array(size);
  copy.set(values.subarray(start, end));
  return copy;
}

import type { Bitfield } from "../base/bitfield.ts";
import type { PieceIndex } from "../base/brand.ts";

/**
 * Pieces that we got, in the order in which we got them, so that each peer can be told at its own pace: a peer holds a cursor,
 * and gets what came after it in batches, without the pieces that it has itself. There is no queue per peer, and a recheck that
 * finds thousands of pieces makes no storm.
 */
export class HaveBatch {
  #pieces: Uint32Array = new Uint32Array(64);
  #length = 0;
  #count = 0;

  /** The cursor of a peer that was just told everything, with a bitfield. */
  get end(): number {
    return this.#length;
  }

  /** How many pieces the last `next` wrote. */
  get count(): number {
    return this.#count;
  }

  add(piece: PieceIndex): void {
    if (this.#length === this.#pieces.length) {
      const grown = new Uint32Array(2 * this.#length);
      grown.set(this.#pieces);
      this.#pieces = grown;
    }
    this.#pieces[this.#length++] = piece;
  }

  /** Writes what a peer with `cursor` should be told into `out` until that is full; returns its new cursor. See `count`. */
  next(cursor: number, theirs: Bitfield, out: Uint32Array): number {
    let at = cursor;
    let count = 0;
    while (at < this.#length && count < out.length) {
      const piece = this.#pieces[at++]!;
      if (!theirs.get(piece)) out[count++] = piece;
    }
    this.#count = count;
    return at;
  }
}

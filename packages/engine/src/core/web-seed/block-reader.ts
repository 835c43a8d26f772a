import type { PieceIndex } from "../../base/brand.ts";
import { BLOCK_SIZE, type Layout } from "../../meta/layout.ts";

/** Gets a whole block, at `buffer[offset…]`; the buffer is used again after the call. */
export type BlockVisitor = (
  piece: PieceIndex,
  begin: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
) => void;

/** Cuts bytes of torrent space, as they come in order, into blocks. A block that came whole is not copied. */
export class BlockReader {
  readonly #layout: Layout;
  readonly #visit: BlockVisitor;
  readonly #part: Uint8Array = new Uint8Array(BLOCK_SIZE);
  #held = 0;
  #piece: PieceIndex;
  #begin: number;

  /** The first byte is that at `begin` of `piece`, where a block begins. */
  constructor(layout: Layout, piece: PieceIndex, begin: number, visit: BlockVisitor) {
    this.#layout = layout;
    this.#visit = visit;
    this.#piece = piece;
    this.#begin = begin;
  }

  /** The next bytes. What a piece has after its data (padding) must be left out. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const length = this.#layout.blockLength(this.#piece, this.#begin / BLOCK_SIZE);
      const left = length - this.#held;
      if (bytes.length - at < left) {
        this.#part.set(bytes.subarray(at), this.#held);
        this.#held += bytes.length - at;
        return;
      }
      if (this.#held === 0) {
        this.#emit(bytes, at, length);
      } else {
        this.#part.set(bytes.subarray(at, at + left), this.#held);
        this.#held = 0;
        this.#emit(this.#part, 0, length);
      }
      at += left;
    }
  }

  #emit(buffer: Uint8Array, offset: number, length: number): void {
    const piece = this.#piece;
    const begin = this.#begin;
    this.#begin += length;
    if (this.#begin === this.#layout.dataSize(piece)) {
      this.#piece++;
      this.#begin = 0;
    }
    this.#visit(piece, begin, buffer, offset, length);
  }
}

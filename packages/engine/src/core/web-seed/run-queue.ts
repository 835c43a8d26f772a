import type { BlockIndex, PieceIndex } from "../../base/brand.ts";
import { BLOCK_SIZE, type Layout } from "../../meta/layout.ts";

/** Bytes in one request at most: what is lost when it fails, and enough that its head does not matter. */
const MAX_RUN = 8 * 1024 * 1024;

/** Blocks that follow one another in torrent space with nothing between them. */
export interface Run {
  readonly piece: PieceIndex;
  /** Offset in the piece. */
  readonly begin: number;
  /** Bytes. */
  readonly length: number;
}

/** Blocks to be asked for, in the order of asking, which are taken out in runs as long as possible. */
export class RunQueue {
  readonly #layout: Layout;
  /** Pieces and blocks by turns. */
  #pairs: number[] = [];
  #head = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  get isEmpty(): boolean {
    return this.#head === this.#pairs.length;
  }

  add(piece: PieceIndex, block: BlockIndex): void {
    this.#pairs.push(piece, block);
  }

  clear(): void {
    this.#pairs = [];
    this.#head = 0;
  }

  /** The next run of blocks that are still wanted; null when there is none. */
  next(isWanted: (piece: PieceIndex, block: BlockIndex) => boolean): Run | null {
    const first = this.#peek(isWanted);
    if (!first) return null;
    const layout = this.#layout;
    const piece = this.#pairs[this.#head]!;
    const begin = this.#pairs[this.#head + 1]! * BLOCK_SIZE;
    let length = 0;
    let at = piece * layout.pieceLength + begin;
    do {
      const here = this.#pairs[this.#head]!;
      const block = this.#pairs[this.#head + 1]!;
      if (here * layout.pieceLength + block * BLOCK_SIZE !== at) break;
      const bytes = layout.blockLength(here, block);
      if (length + bytes > MAX_RUN) break;
      length += bytes;
      at += bytes;
      this.#head += 2;
    } while (this.#peek(isWanted));
    if (this.isEmpty) this.clear();
    return { piece, begin, length };
  }

  /** Drops what is not wanted any more from the front; false when nothing is left. */
  #peek(isWanted: (piece: PieceIndex, block: BlockIndex) => boolean): boolean {
    while (!this.isEmpty) {
      if (isWanted(this.#pairs[this.#head]!, this.#pairs[this.#head + 1]!)) return true;
      this.#head += 2;
    }
    this.clear();
    return false;
  }
}

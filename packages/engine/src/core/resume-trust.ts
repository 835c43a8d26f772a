import type { PieceIndex } from "../base/brand.ts";

/** How far the data of a piece can be trusted to be on disk. */
export type Trust = 0 | 1 | 2 | 3 | 4 | 5;
/** Not verified. */
export const NONE = 0;
/** On stable storage. */
export const DURABLE = 1;
/** A sync that covers it has begun. */
export const MARKED = 2;
/** Written by the latest run: in the page cache at least. */
export const FRESH = 3;
/** As FRESH, but written by an earlier run or by somebody else: the latest run's syncs may not cover its files. */
export const OLDER = 4;
/** Perhaps not there: to be hashed again. */
export const SUSPECT = 5;

/** Blocks of an unfinished piece. */
export interface PartialPiece {
  /** Bit 7 of byte 0 is block 0; not all zero. */
  readonly mask: Uint8Array;
  trust: Trust;
}

/** The trust in each verified piece and in the blocks of each unfinished one. A piece is at most one of the two. */
export class TrustTable {
  readonly pieces: Uint8Array;
  readonly partial: Map<PieceIndex, PartialPiece> = new Map();

  constructor(pieceCount: number) {
    this.pieces = new Uint8Array(pieceCount);
  }

  set(pieces: readonly PieceIndex[], trust: Trust): void {
    for (const piece of pieces) {
      this.pieces[piece] = trust;
      this.partial.delete(piece);
    }
  }

  setBlocks(piece: PieceIndex, mask: Uint8Array): void {
    this.set([piece], NONE);
    if (mask.some((byte) => byte !== 0)) this.partial.set(piece, { mask, trust: FRESH });
  }

  /** A new process writes. Under another start of the machine the page cache has been lost. */
  startRun(sameBoot: boolean): void {
    const then = sameBoot ? OLDER : SUSPECT;
    this.#change((trust) => (trust === NONE || trust === DURABLE || trust === SUSPECT ? trust : then));
  }

  mark(everything: boolean): void {
    this.#change((trust) => (trust === FRESH || (trust === OLDER && everything) ? MARKED : trust));
  }

  barrier(): void {
    this.#change((trust) => (trust === MARKED ? DURABLE : trust));
  }

  /** True when a piece or a block has a trust that `test` holds for. */
  some(test: (trust: number) => boolean): boolean {
    if (this.pieces.some(test)) return true;
    for (const { trust } of this.partial.values()) if (test(trust)) return true;
    return false;
  }

  piecesWith(trust: Trust): PieceIndex[] {
    const found: PieceIndex[] = [];
    for (let piece = 0; piece < this.pieces.length; piece++)
      if (this.pieces[piece] === trust) found.push(piece);
    return found;
  }

  #change(change: (trust: Trust) => Trust): void {
    const { pieces, partial } = this;
    for (let piece = 0; piece < pieces.length; piece++) pieces[piece] = change(pieces[piece] as Trust);
    for (const [piece, blocks] of partial) {
      blocks.trust = change(blocks.trust);
      // Blocks can't be checked one by one: what may be lost is fetched again.
      if (blocks.trust === SUSPECT) partial.delete(piece);
    }
  }
}

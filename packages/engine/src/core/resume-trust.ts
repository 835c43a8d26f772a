import type { PieceIndex } from "../base/brand.ts";

/** How far the data of a piece can be trusted to be on disk. */
export type Trust = 0 | 1 | 2 | 3 | 4 | 5 | 6;
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
/**
 * As FRESH, but a sync has failed since the machine was started. The system may have given up on pages: that a later sync
 * succeeds proves nothing.
 */
export const UNSURE = 6;

/** Blocks of an unfinished piece. */
export interface PartialPiece {
  /** Bit 7 of byte 0 is block 0; not all zero. */
  readonly mask: Uint8Array;
  trust: Trust;
}

/** The trust in each verified piece and in the blocks of each unfinished one. A piece is at most one of the two. */
export class TrustTable {
  readonly pieces: Uint8Array;
  /** How many pieces have each trust. */
  readonly #counts: number[] = new Array<number>(UNSURE + 1).fill(0);
  readonly partial: Map<PieceIndex, PartialPiece> = new Map();
  #isUnsure = false;

  constructor(pieceCount: number) {
    this.pieces = new Uint8Array(pieceCount);
    this.#counts[NONE] = pieceCount;
  }

  set(pieces: readonly PieceIndex[], trust: Trust): void {
    for (const piece of pieces) {
      this.#setOne(piece, this.#isUnsure && (trust === FRESH || trust === OLDER) ? UNSURE : trust);
      this.partial.delete(piece);
    }
  }

  setBlocks(piece: PieceIndex, mask: Uint8Array): void {
    const trust = this.#isUnsure ? UNSURE : FRESH;
    this.set([piece], NONE);
    if (mask.some((byte) => byte !== 0)) this.partial.set(piece, { mask, trust });
  }

  /** A new process writes. Under another start of the machine the page cache has been lost. */
  startRun(sameBoot: boolean): void {
    const then = sameBoot ? OLDER : SUSPECT;
    if (!sameBoot) this.#isUnsure = false;
    this.#change((trust) => {
      if (trust === NONE || trust === DURABLE || trust === SUSPECT) return trust;
      return trust === UNSURE && sameBoot ? trust : then;
    });
  }

  mark(everything: boolean): void {
    this.#change((trust) => (trust === FRESH || (trust === OLDER && everything) ? MARKED : trust));
  }

  barrier(): void {
    this.#change((trust) => (trust === MARKED ? DURABLE : trust));
  }

  /** A sync has failed: what is verified later, perhaps of blocks that were written before, is unsure, too. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  syncFailed(): void {
    this.#isUnsure = true;
    this.#change((trust) => (trust === FRESH || trust === OLDER || trust === MARKED ? UNSURE : trust));
  }

  /** True when a piece or a block has that trust. */
  has(trust: Trust): boolean {
    if ((this.#counts[trust] as number) > 0) return true;
    for (const blocks of this.partial.values()) if (blocks.trust === trust) return true;
    return false;
  }

  piecesWith(trust: Trust): PieceIndex[] {
    const found: PieceIndex[] = [];
    for (let piece = 0; piece < this.pieces.length; piece++)
      if (this.pieces[piece] === trust) found.push(piece);
    return found;
  }

  #setOne(piece: PieceIndex, trust: Trust): void {
    this.#counts[this.pieces[piece] as Trust]!--;
    this.#counts[trust]!++;
    this.pieces[piece] = trust;
  }

  #change(change: (trust: Trust) => Trust): void {
    const { pieces, partial } = this;
    for (let piece = 0; piece < pieces.length; piece++) {
      this.#setOne(piece, change(pieces[piece] as Trust));
    }
    for (const [piece, blocks] of partial) {
      blocks.trust = change(blocks.trust);
      // Blocks can't be checked one by one: what may be lost is fetched again.
      if (blocks.trust === SUSPECT) partial.delete(piece);
    }
  }
}

import { Bitfield } from "../../../dist/base/bitfield.js";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import {
  PiecePicker,
  type PiecePickerOptions,
  type PickPeer,
} from "../../../dist/core/picker/piece-picker.js";

export const BLOCK = 16_384;

/** A peer whose properties a test may change. */
export interface TestPeer extends PickPeer {
  have: Bitfield;
  speed: 0 | 1 | 2;
  choked: boolean;
  readonly allowedFast: Set<number>;
  snubbed: boolean;
  parole: boolean;
  distrusted: boolean;
  inRuns: boolean;
  responseMs: number;
}

/** A torrent of `pieces` pieces of `blocks` blocks; the last block of the last piece has 100 bytes. */
export function layoutOf(
  pieces: number,
  blocks: number,
): { pieceCount: number; blockCount: (i: number) => number; blockLength: (i: number, b: number) => number } {
  return {
    pieceCount: pieces,
    blockCount: () => blocks,
    blockLength: (i, b) => (i === pieces - 1 && b === blocks - 1 ? 100 : BLOCK),
  };
}

export function makePicker(
  pieces: number,
  blocks: number,
  options: PiecePickerOptions & { seed?: number } = {},
): PiecePicker {
  return new PiecePicker(layoutOf(pieces, blocks), new Xoshiro128(options.seed ?? 1), options);
}

export function makePeer(slot: number, pieces: number, has: readonly number[] | "all" | "none"): TestPeer {
  const have = new Bitfield(pieces);
  if (has === "all") have.setAll();
  else if (has !== "none") for (const piece of has) have.set(piece);
  return {
    slot,
    have,
    speed: 1,
    choked: false,
    allowedFast: new Set(),
    snubbed: false,
    parole: false,
    distrusted: false,
    inRuns: false,
    responseMs: Infinity,
  };
}

export type Pair = readonly [piece: number, block: number];

/** Picks and returns pairs, with the invariants checked. */
export function pick(picker: PiecePicker, peer: PickPeer, n: number, now = 0): Pair[] {
  const out = new Int32Array(2 * n);
  const count = picker.pick(peer, n, now, out);
  picker.invariants();
  return Array.from({ length: count }, (_, i) => [out[2 * i]!, out[2 * i + 1]!] as const);
}

export function piecesOf(pairs: readonly Pair[]): number[] {
  return [...new Set(pairs.map(([piece]) => piece))];
}

/** Delivers all given blocks from a peer and verifies the pieces that got complete. */
export function deliver(picker: PiecePicker, peer: PickPeer, pairs: readonly Pair[]): void {
  for (const [piece, block] of pairs) {
    picker.onReceived(peer.slot, piece, block);
    if (picker.isPieceComplete(piece)) picker.onVerified(piece);
  }
  picker.invariants();
}

/** Verifies pieces, so that the random first ones are over. */
export function settleIn(picker: PiecePicker, pieces: readonly number[] = [0, 1, 2, 3]): void {
  for (const piece of pieces) picker.setHave(piece);
}

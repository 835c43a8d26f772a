import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { BLOCK_SIZE, type Layout } from "../meta/layout.ts";

/**
 * Pieces whose received blocks can't be trusted after a check: they lie in a file of which a verified piece was found wrong, or that
 * is too short to hold them. `masks` are in the form of `PiecePicker.blockMask`; `sizes` are those of the files, -1 for one that is
 * missing, Infinity for one that is not to be judged.
 */
export function suspectPieces(
  layout: Layout,
  masks: readonly (readonly [PieceIndex, Uint8Array])[],
  wrong: readonly PieceIndex[],
  sizes: readonly number[],
): PieceIndex[] {
  const suspects = new Set<FileIndex>();
  for (const piece of wrong) for (const { index } of layout.filesInPiece(piece)) suspects.add(index);
  return masks
    .filter(([piece, mask]) => {
      let isSuspect = false;
      const end = Math.min(endOfBlocks(mask), layout.pieceSize(piece));
      layout.spans(piece * layout.pieceLength, end, ({ index, pad }, offset, length) => {
        if (!pad && (suspects.has(index) || sizes[index]! < offset + length)) isSuspect = true;
      });
      return isSuspect;
    })
    .map(([piece]) => piece);
}

/** Byte of a piece at which its last received block ends. */
function endOfBlocks(mask: Uint8Array): number {
  let end = 0;
  for (let block = 0; block < mask.length * 8; block++) {
    if ((mask[block >>> 3]! & (128 >>> (block & 7))) !== 0) end = (block + 1) * BLOCK_SIZE;
  }
  return end;
}

import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { Layout } from "../meta/layout.ts";

/**
 * Visits the files that `length` bytes from `begin` of a piece belong to, in order, with how many of them are each one's. Padding counts with the file
 * before it, so that the sum is `length`.
 */
export function fileShares(
  layout: Layout,
  piece: PieceIndex,
  begin: number,
  length: number,
  visit: (file: FileIndex, bytes: number) => void,
): void {
  const first = layout.fileOfPiece(piece);
  const start = piece * layout.pieceLength;
  const isAlone = layout.kind !== "v1" || first.offset + first.size >= start + layout.pieceSize(piece);
  if (isAlone) {
    visit(first.index, length);
    return;
  }
  let file = first.index;
  layout.spans(start + begin, length, (under, _offset, bytes) => {
    if (!under.pad) file = under.index;
    visit(file, bytes);
  });
}

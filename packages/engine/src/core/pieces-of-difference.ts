import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { Layout } from "../meta/layout.ts";

/** Pieces of the files that are in exactly one of the two lists. */
export function* piecesOfDifference(
  layout: Layout,
  before: readonly FileIndex[],
  after: readonly FileIndex[],
): Iterable<PieceIndex> {
  const were = new Set(before);
  const are = new Set(after);
  const changed = [...before.filter((file) => !are.has(file)), ...after.filter((file) => !were.has(file))];
  for (const index of changed) {
    const file = layout.files[index];
    for (let piece = file?.firstPiece ?? 0; piece < (file?.endPiece ?? 0); piece++) yield piece;
  }
}

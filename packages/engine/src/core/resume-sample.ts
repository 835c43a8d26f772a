import type { Bitfield } from "../base/bitfield.ts";
import type { PieceIndex } from "../base/brand.ts";
import type { Rng } from "../base/rng.ts";
import type { Layout } from "../meta/layout.ts";

/** One claimed piece of so many is hashed, within these bounds. */
const ONE_OF = 100;
const LEAST = 8;
const MOST = 64;
/** So many of the largest files are looked at on both ends: that is where copies that were cut short differ. */
const LARGEST_FILES = 4;

/**
 * Claimed pieces whose hashes stand for all of them: the first and last of the largest files, the ones written last, and
 * random ones. `latest` names those written last.
 */
export function samplePieces(
  layout: Layout,
  claimed: Bitfield,
  latest: readonly PieceIndex[],
  rng: Rng,
): Set<PieceIndex> {
  const sample = new Set<PieceIndex>();
  const take = (piece: PieceIndex): void => {
    if (sample.size < MOST && piece < claimed.length && claimed.get(piece)) sample.add(piece);
  };
  for (const piece of latest) take(piece);
  const largest = layout.files.filter((file) => !file.pad && file.size > 0).sort((a, b) => b.size - a.size);
  for (const { firstPiece, endPiece } of largest.slice(0, LARGEST_FILES)) {
    take(firstPiece);
    take(endPiece - 1);
  }
  const target = Math.min(MOST, claimed.count, Math.max(LEAST, Math.ceil(claimed.count / ONE_OF)));
  const others = [...claimed].filter((piece) => !sample.has(piece));
  while (sample.size < target) {
    const at = rng.below(others.length);
    take(others[at] as PieceIndex);
    others[at] = others[others.length - 1] as PieceIndex;
    others.pop();
  }
  return sample;
}

import { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { BLOCK_SIZE } from "../meta/layout.ts";
import type { Layout } from "../meta/layout.ts";
import type { KnownFile, StoppedFile } from "./resume-record.ts";
import { DURABLE, NONE, SUSPECT } from "./resume-trust.ts";
import type { TrustTable } from "./resume-trust.ts";

/**
 * How far recorded data is believed at the start. `none`: a recorded piece counts when its files exist and are long
 * enough. `stat`: the files must also be the recorded ones, and after a clean stop have their recorded size and time.
 * `sample`: as `stat`, and a few pieces are hashed; where one is wrong, its files are hashed whole. `full`: everything is
 * hashed. What was not durable when the machine stopped is hashed at every level.
 */
export type VerifyLevel = "none" | "stat" | "sample" | "full";

/** A file as it is now. */
export interface FoundFile {
  readonly size: number;
  readonly modifiedMs: number;
  readonly inode: number;
}

/** What a journal is good for, given the files as they are. */
export interface ResumeVerdict {
  /** Pieces that are on disk and were verified: nothing more to do. */
  readonly claimed: Bitfield;
  /** Pieces that were verified once, but must be hashed again before anybody may claim them. */
  readonly recheck: Bitfield;
  /** Blocks of unfinished pieces that need not be fetched again: bit 7 of byte 0 is block 0. */
  readonly masks: ReadonlyMap<PieceIndex, Uint8Array>;
}

/** What the journal says. */
interface Evidence {
  readonly trust: TrustTable;
  /** Whether the machine was not restarted since the latest run. */
  readonly sameBoot: boolean;
  readonly files: ReadonlyMap<FileIndex, KnownFile>;
  /** The files at a clean stop that nothing happened after; null when there is none. */
  readonly stopped: ReadonlyMap<FileIndex, StoppedFile> | null;
  readonly skipped: ReadonlySet<FileIndex>;
}

/**
 * Which pieces may be claimed. `found` has an entry for each file of the layout: null where there is none. `anyFile`: a file
 * in the right place counts for the recorded one, whatever its inode and time.
 */
export function judge(
  layout: Layout,
  found: readonly (FoundFile | null)[],
  evidence: Evidence,
  anyFile: boolean,
): ResumeVerdict {
  const { trust, sameBoot } = evidence;
  const sizes = usableSizes(layout, found, evidence, anyFile);
  const isTrusted = (level: number): boolean => level === DURABLE || (sameBoot && level !== SUSPECT);
  const claimed = new Bitfield(layout.pieceCount);
  const recheck = new Bitfield(layout.pieceCount);
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const level = trust.pieces[piece] as number;
    if (level === NONE) continue;
    const { pieceLength } = layout;
    const whole = isTrusted(level) && isOnDisk(layout, piece * pieceLength, layout.pieceSize(piece), sizes);
    (whole ? claimed : recheck).set(piece);
  }
  const masks = new Map<PieceIndex, Uint8Array>();
  for (const [piece, { mask, trust: level }] of trust.partial) {
    if (isTrusted(level) && areOnDisk(layout, piece, mask, sizes)) masks.set(piece, mask.slice());
  }
  return { claimed, recheck, masks };
}

/** For each file, up to where it is the one that was written; -1 when it is another or not to be told. */
function usableSizes(
  layout: Layout,
  found: readonly (FoundFile | null)[],
  evidence: Evidence,
  anyFile: boolean,
): Float64Array {
  const sizes = new Float64Array(layout.files.length).fill(-1);
  for (const { index } of layout.files) {
    const file = found[index] ?? null;
    // Bytes of skipped files are in the part file, which nobody watches.
    if (file === null || evidence.skipped.has(index)) continue;
    const stopped = evidence.stopped?.get(index);
    const isSame =
      stopped === undefined
        ? evidence.files.get(index)?.inode === file.inode
        : stopped.inode === file.inode &&
          stopped.size === file.size &&
          stopped.modifiedMs === file.modifiedMs;
    if (anyFile || isSame) sizes[index] = file.size;
  }
  return sizes;
}

/** Whether all files under a stretch of torrent space are long enough to hold it. */
function isOnDisk(layout: Layout, offset: number, length: number, sizes: Float64Array): boolean {
  let whole = true;
  layout.spans(offset, length, (file, fileOffset, part) => {
    if (!file.pad && (sizes[file.index] as number) < fileOffset + part) whole = false;
  });
  return whole;
}

/** Whether the mask fits the piece and all of its blocks are on disk. */
function areOnDisk(layout: Layout, piece: PieceIndex, mask: Uint8Array, sizes: Float64Array): boolean {
  const blocks = layout.blockCount(piece);
  if (mask.length !== Math.ceil(blocks / 8)) return false;
  for (let block = 0; block < mask.length * 8; block++) {
    if (((mask[block >>> 3] as number) & (128 >>> (block & 7))) === 0) continue;
    if (block >= blocks) return false;
    const offset = piece * layout.pieceLength + block * BLOCK_SIZE;
    if (!isOnDisk(layout, offset, layout.blockLength(piece, block), sizes)) return false;
  }
  return true;
}

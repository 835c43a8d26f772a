import type { BlockIndex, FileIndex, PieceIndex } from "../base/brand.ts";
import { ProtocolError } from "../base/errors.ts";

/** Bytes of a block: what one request asks for, and what one v2 leaf hashes. */
export const BLOCK_SIZE = 16_384;
/** More pieces than this are refused: bitfields and pickers stay bounded. */
export const MAX_PIECES = 2_097_152;
/** Longest piece: 32,767 blocks, as other clients have it. */
export const MAX_PIECE_LENGTH: number = 32_767 * BLOCK_SIZE;
/** Folder in which pad files are named, by their size (BEP 47). */
export const PAD_FOLDER = ".pad";

/** Which info-hashes a torrent has, and so which hashes prove its pieces. */
export type TorrentKind = "v1" | "v2" | "hybrid";

/** What a file is, before it has a place. */
export interface LayoutEntry {
  /** Components as in the torrent, decoded and not yet safe: never join these into a path on disk. */
  readonly path: readonly string[];
  /** Bytes. */
  readonly size: number;
  /** Zeros that only move the next file to a piece border; never on disk (BEP 47). */
  readonly pad: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  /** Target of a symbolic link, components from the torrent's root; null for everything else. */
  readonly symlink: readonly string[] | null;
  /** Merkle root over the file's leaves (BEP 52), 32 bytes; null in v1 and for empty files. */
  readonly piecesRoot: Uint8Array | null;
}

/** A file at its place in torrent space. */
export interface LayoutFile extends LayoutEntry {
  readonly index: FileIndex;
  /** First byte in torrent space. */
  readonly offset: number;
  readonly firstPiece: PieceIndex;
  /** One past the last piece that holds a byte of the file; equals `firstPiece` for an empty file. */
  readonly endPiece: PieceIndex;
}

/** Called by `spans` for each file that a range touches. `at` is the distance from the start of the range. */
export type SpanVisitor = (file: LayoutFile, fileOffset: number, length: number, at: number) => void;

/**
 * All arithmetic between files, pieces, blocks and leaves of one torrent.
 *
 * "Torrent space" is v1's byte space: the files one after another, pad files included. A v2-only torrent has no pad
 * files in its metadata, so pads are added here until each file ends on a piece border (the last one too); they count
 * in `files` and `totalSize`. Blocks restart in each piece, so a piece length need not be a multiple of a block.
 *
 * Invariants: offsets ascend; a piece of a v2 or hybrid torrent holds bytes of one file and its pad.
 */
export class Layout {
  readonly kind: TorrentKind;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly files: readonly LayoutFile[];
  /** Bytes of torrent space, pad files included. */
  readonly totalSize: number;
  /** Bytes without pad files. */
  readonly contentSize: number;

  /** Files with at least one byte, in order, and the first byte of each. */
  readonly #occupied: readonly LayoutFile[];
  readonly #starts: Float64Array;
  /** Bytes to request in each piece, or null when only the last piece is short and `#lastDataSize` says it all. */
  readonly #dataSizes: Uint32Array | null;
  readonly #lastDataSize: number;

  /**
   * Throws ProtocolError (ERR_METAINFO) for sizes that don't fit: no bytes at all, more than MAX_PIECES, or a file of
   * a hybrid torrent that doesn't start on a piece border.
   */
  constructor(kind: TorrentKind, pieceLength: number, entries: readonly LayoutEntry[]) {
    if (!Number.isInteger(pieceLength) || pieceLength < 1 || pieceLength > MAX_PIECE_LENGTH) {
      throw refuse("the piece length is not usable", "torrent_missing_piece_length");
    }
    this.kind = kind;
    this.pieceLength = pieceLength;
    const maxSize = MAX_PIECES * pieceLength;
    const files: LayoutFile[] = [];
    const occupied: LayoutFile[] = [];
    let offset = 0;
    let contentSize = 0;
    const place = (entry: LayoutEntry): void => {
      if (!(entry.size <= maxSize - offset)) {
        throw refuse("the torrent has too many pieces", "too_many_pieces_in_torrent");
      }
      const firstPiece = Math.floor(offset / pieceLength);
      const endPiece = entry.size === 0 ? firstPiece : Math.ceil((offset + entry.size) / pieceLength);
      const { path, size, pad, executable, hidden, symlink, piecesRoot } = entry;
      const index = files.length;
      const file: LayoutFile = {
        index,
        path,
        size,
        offset,
        pad,
        executable,
        hidden,
        symlink,
        piecesRoot,
        firstPiece,
        endPiece,
      };
      files.push(file);
      if (size > 0) occupied.push(file);
      if (!pad) contentSize += size;
      offset += size;
    };
    for (const entry of entries) {
      if (kind === "hybrid" && !entry.pad && entry.size > 0 && offset % pieceLength !== 0) {
        throw refuse("a file doesn't start on a piece border", "torrent_inconsistent_files");
      }
      place(entry);
      if (kind === "v2" && offset % pieceLength !== 0) place(padEntry(pieceLength - (offset % pieceLength)));
    }
    if (contentSize === 0) throw refuse("the torrent has no bytes to share", "torrent_invalid_length");
    this.files = files;
    this.totalSize = offset;
    this.contentSize = contentSize;
    this.pieceCount = Math.ceil(offset / pieceLength);
    this.#occupied = occupied;
    this.#starts = Float64Array.from(occupied, (file) => file.offset);
    this.#dataSizes = dataSizes(this.pieceCount, pieceLength, this.totalSize, occupied);
    this.#lastDataSize = this.#dataSizes?.[this.pieceCount - 1] ?? this.pieceSize(this.pieceCount - 1);
  }

  /** Bytes of a piece that SHA-1 covers, pads included: the piece length but for the last piece. */
  pieceSize(piece: PieceIndex): number {
    return piece === this.pieceCount - 1 ? this.totalSize - piece * this.pieceLength : this.pieceLength;
  }

  /**
   * Bytes from the piece's start to its last byte that is not padding: what is requested from peers. Zero only for a
   * piece of a v1 torrent that is all padding.
   */
  dataSize(piece: PieceIndex): number {
    if (this.#dataSizes !== null) return this.#dataSizes[piece] as number;
    return piece === this.pieceCount - 1 ? this.#lastDataSize : this.pieceLength;
  }

  /** Blocks to request in a piece. */
  blockCount(piece: PieceIndex): number {
    return Math.ceil(this.dataSize(piece) / BLOCK_SIZE);
  }

  /** Bytes of a block; 16 KiB but for the last of a piece. */
  blockLength(piece: PieceIndex, block: BlockIndex): number {
    return Math.min(BLOCK_SIZE, this.dataSize(piece) - block * BLOCK_SIZE);
  }

  /** Runs of `runBytes` that hold the piece's data. */
  runCount(piece: PieceIndex, runBytes: number): number {
    return Math.ceil(this.dataSize(piece) / runBytes);
  }

  /** Bytes of one of those runs; `runBytes` but for the last of a piece. */
  runLength(piece: PieceIndex, run: number, runBytes: number): number {
    return Math.min(runBytes, this.dataSize(piece) - run * runBytes);
  }

  /**
   * Leaves over which the piece's v2 root is computed, a power of two: those of a whole piece, or for a file of at
   * most one piece just enough for the file (its root is then the pieces root itself). Zero in v1.
   */
  leafWidth(piece: PieceIndex): number {
    if (this.kind === "v1") return 0;
    const { size } = this.fileOfPiece(piece);
    if (size > this.pieceLength) return this.pieceLength / BLOCK_SIZE;
    return nextPowerOfTwo(Math.ceil(size / BLOCK_SIZE));
  }

  /**
   * The first file that is not a pad with a byte in the piece: the only one in v2 and hybrid. The pad itself for a
   * piece of a v1 torrent that is all padding.
   */
  fileOfPiece(piece: PieceIndex): LayoutFile {
    const first = this.#find(piece * this.pieceLength);
    const end = (piece + 1) * this.pieceLength;
    for (let at = first; at < this.#occupied.length; at++) {
      const file = this.#occupied[at] as LayoutFile;
      if (file.offset >= end) break;
      if (!file.pad) return file;
    }
    return this.#occupied[first] as LayoutFile;
  }

  /** Every file with a byte in the piece, pads included, in order. */
  filesInPiece(piece: PieceIndex): LayoutFile[] {
    const found: LayoutFile[] = [];
    this.spans(piece * this.pieceLength, this.pieceSize(piece), (file) => found.push(file));
    return found;
  }

  /**
   * Visits the files under `length` bytes from `offset` of torrent space, in order. Empty files are skipped, pads are
   * visited. Throws RangeError when the range leaves the torrent.
   */
  spans(offset: number, length: number, visit: SpanVisitor): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.totalSize)) {
      throw new RangeError(`${length} bytes at ${offset} of a torrent of ${this.totalSize}`);
    }
    if (length === 0) return;
    let done = 0;
    for (let at = this.#find(offset); done < length; at++) {
      const file = this.#occupied[at] as LayoutFile;
      const fileOffset = offset + done - file.offset;
      const part = Math.min(length - done, file.size - fileOffset);
      visit(file, fileOffset, part, done);
      done += part;
    }
  }

  /** Position in `#occupied` of the file that holds the byte at `offset`. */
  #find(offset: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** A pad file of `size` bytes with the name BEP 47 recommends. */
export function padEntry(size: number): LayoutEntry {
  return {
    path: [PAD_FOLDER, String(size)],
    size,
    pad: true,
    executable: false,
    hidden: false,
    symlink: null,
    piecesRoot: null,
  };
}

/** Smallest power of two that is at least `n`; 1 for 0. */
export function nextPowerOfTwo(n: number): number {
  return n <= 1 ? 1 : 2 ** (32 - Math.clz32(n - 1));
}

/** True for 1, 2, 4, … up to 2^31. */
export function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= 2 ** 31 && 2 ** Math.floor(Math.log2(n)) === n;
}

function refuse(message: string, reason: string): ProtocolError {
  return new ProtocolError(message, { reason }, "ERR_METAINFO");
}

/** Data bytes of each piece, or null when every piece but the last is full of data and the last ends with data. */
function dataSizes(
  pieceCount: number,
  pieceLength: number,
  totalSize: number,
  occupied: readonly LayoutFile[],
): Uint32Array | null {
  if (!occupied.some((file) => file.pad)) return null;
  const sizes = new Uint32Array(pieceCount);
  for (const file of occupied) {
    if (file.pad) continue;
    for (let piece = file.firstPiece; piece < file.endPiece; piece++) {
      const end = Math.min(file.offset + file.size, (piece + 1) * pieceLength, totalSize);
      sizes[piece] = end - piece * pieceLength;
    }
  }
  return sizes;
}

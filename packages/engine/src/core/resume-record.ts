import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { utf8 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_PIECES } from "../meta/layout.ts";
import type { FilePriority } from "./file-selection.ts";
import { RecordReader, RecordWriter } from "./record-bytes.ts";

/** Version that this code writes; a journal of another version is not read. */
const RESUME_VERSION = 1;
/** Bytes of a mask for the longest piece. */
const MAX_MASK = 4096;

/** Which torrent a journal is about. */
export interface ResumeAbout {
  /** 20 bytes, or null. */
  readonly v1: Uint8Array | null;
  /** 32 bytes, or null. */
  readonly v2: Uint8Array | null;
  /** Milliseconds since the Unix epoch. */
  readonly addedAt: number;
}

/** Where its files lie. Known once the metadata is. */
export interface ResumePlace {
  readonly pieceCount: number;
  /** Absolute folder. */
  readonly root: string;
  /** Absolute path of the file for bytes of skipped files. */
  readonly partPath: string;
  /** Safe path below `root` for each file of the layout, as the path policy of that day made it. */
  readonly paths: readonly string[];
  /** Files that are not wanted, ascending. */
  readonly skipped: readonly FileIndex[];
}

export interface KnownFile {
  readonly index: FileIndex;
  readonly inode: number;
  /** True when this download created it, so that it may be overwritten and deleted. */
  readonly ours: boolean;
}

/** A file as it was left at a clean stop. */
export interface StoppedFile {
  readonly index: FileIndex;
  readonly size: number;
  readonly modifiedMs: number;
  readonly inode: number;
}

/** A move of the files that was begun. */
export interface ResumeMove {
  readonly root: string;
  /** Safe path below `root` for each file of the layout. */
  readonly paths: readonly string[];
  /** Everything has been copied and is on stable storage: what is left is to go on, not to go back. */
  readonly copied: boolean;
}

/** One entry of a journal. */
export type ResumeRecord =
  | { readonly type: "about"; readonly about: ResumeAbout }
  | { readonly type: "metainfo"; readonly bytes: Uint8Array }
  | { readonly type: "place"; readonly place: ResumePlace }
  | { readonly type: "files"; readonly files: readonly KnownFile[] }
  /** What follows was written by one process under this start of the machine; "" when that is not known. */
  | { readonly type: "run"; readonly bootId: string }
  | { readonly type: "verified"; readonly pieces: readonly PieceIndex[] }
  /** Verified by reading files that somebody else may have written. */
  | { readonly type: "found"; readonly pieces: readonly PieceIndex[] }
  | { readonly type: "unverified"; readonly pieces: readonly PieceIndex[] }
  /** Verified once, but to be hashed again before they count. */
  | { readonly type: "suspect"; readonly pieces: readonly PieceIndex[] }
  /** Blocks of an unfinished piece that are in its file: bit 7 of byte 0 is block 0. */
  | { readonly type: "blocks"; readonly piece: PieceIndex; readonly mask: Uint8Array }
  /** A sync has begun; with `everything` it covers files that earlier runs wrote, too. */
  | { readonly type: "mark"; readonly everything: boolean }
  /** That sync is done: what was recorded before its mark is on stable storage. */
  | { readonly type: "barrier" }
  /** That sync failed: what was not on stable storage yet may never get there. */
  | { readonly type: "syncFailed" }
  | { readonly type: "totals"; readonly downloaded: number; readonly uploaded: number }
  | { readonly type: "stop"; readonly files: readonly StoppedFile[] }
  /** Priorities of all files but those that have the normal one. */
  | { readonly type: "priorities"; readonly priorities: ReadonlyMap<FileIndex, FilePriority> }
  /** The files are on their way to another place; the next "place" ends it, wherever they are then. */
  | { readonly type: "moving"; readonly move: ResumeMove }
  /** The folder that it was added with, while its files were there: not the one that the journal is named after. */
  | { readonly type: "added"; readonly folder: string };

const TYPES: readonly ResumeRecord["type"][] = [
  "about",
  "metainfo",
  "place",
  "files",
  "run",
  "verified",
  "found",
  "unverified",
  "suspect",
  "blocks",
  "mark",
  "barrier",
  "totals",
  "stop",
  "priorities",
  "moving",
  "syncFailed",
  "added",
];

/** One byte for the type (its place in TYPES, from 1), then the fields; numbers are big-endian. */
export function encodeResumeRecord(record: ResumeRecord): Uint8Array {
  const out = new RecordWriter(TYPES.indexOf(record.type) + 1);
  switch (record.type) {
    case "about":
      out.u8(RESUME_VERSION);
      out.bytes(record.about.v1 ?? new Uint8Array(0));
      out.bytes(record.about.v2 ?? new Uint8Array(0));
      out.f64(record.about.addedAt);
      break;
    case "metainfo":
      out.bytes(record.bytes);
      break;
    case "place":
      writePlace(out, record.place);
      break;
    case "files":
      for (const file of record.files) {
        out.u32(file.index);
        out.f64(file.inode);
        out.u8(file.ours ? 1 : 0);
      }
      break;
    case "run":
      out.bytes(utf8(record.bootId));
      break;
    case "verified":
    case "found":
    case "unverified":
    case "suspect":
      writeRanges(out, record.pieces);
      break;
    case "blocks":
      out.u32(record.piece);
      out.bytes(record.mask);
      break;
    case "mark":
      out.u8(record.everything ? 1 : 0);
      break;
    case "barrier":
    case "syncFailed":
      break;
    case "totals":
      out.f64(record.downloaded);
      out.f64(record.uploaded);
      break;
    case "stop":
      for (const file of record.files) {
        out.u32(file.index);
        out.f64(file.size);
        out.f64(file.modifiedMs);
        out.f64(file.inode);
      }
      break;
    case "priorities":
      for (const [index, priority] of record.priorities) {
        out.u32(index);
        out.u8(priority);
      }
      break;
    case "moving":
      out.u8(record.move.copied ? 1 : 0);
      out.bytes(utf8(record.move.root));
      for (const path of record.move.paths) out.bytes(utf8(path));
      break;
    case "added":
      out.bytes(utf8(record.folder));
      break;
  }
  return out.take();
}

/** Throws ProtocolError on everything that `encodeResumeRecord` would not have written. */
export function decodeResumeRecord(bytes: Uint8Array): ResumeRecord {
  const input = new RecordReader(bytes);
  const record = readRecord(TYPES[input.u8() - 1], input);
  if (!input.atEnd) throw new ProtocolError("a resume record is too long");
  return record;
}

function readRecord(type: ResumeRecord["type"] | undefined, input: RecordReader): ResumeRecord {
  switch (type) {
    case "about": {
      if (input.u8() !== RESUME_VERSION) throw new ProtocolError("resume data of an unknown version");
      const about = { v1: readHash(input, 20), v2: readHash(input, 32), addedAt: input.count() };
      if (about.v1 === null && about.v2 === null) throw new ProtocolError("resume data without an info-hash");
      return { type, about };
    }
    case "metainfo":
      return { type, bytes: input.bytes() };
    case "place":
      return { type, place: readPlace(input) };
    case "files": {
      const files: KnownFile[] = [];
      while (!input.atEnd) files.push({ index: input.u32(), inode: input.f64(), ours: input.flag() });
      return { type, files };
    }
    case "run":
      return { type, bootId: input.text() };
    case "verified":
    case "found":
    case "unverified":
    case "suspect":
      return { type, pieces: readRanges(input) };
    case "blocks": {
      const piece = input.u32();
      const mask = input.bytes();
      if (mask.length === 0 || mask.length > MAX_MASK)
        throw new ProtocolError("a block mask has an odd length");
      return { type, piece, mask };
    }
    case "mark":
      return { type, everything: input.flag() };
    case "barrier":
    case "syncFailed":
      return { type };
    case "totals":
      return { type, downloaded: input.count(), uploaded: input.count() };
    case "stop": {
      const files: StoppedFile[] = [];
      while (!input.atEnd) {
        files.push({ index: input.u32(), size: input.count(), modifiedMs: input.f64(), inode: input.f64() });
      }
      return { type, files };
    }
    case "priorities": {
      const priorities = new Map<FileIndex, FilePriority>();
      while (!input.atEnd) {
        const index = input.u32();
        const priority = input.u8();
        if (priority > 7) throw new ProtocolError("resume data with an odd priority");
        priorities.set(index, priority as FilePriority);
      }
      return { type, priorities };
    }
    case "moving": {
      const copied = input.flag();
      const root = input.text();
      const paths: string[] = [];
      while (!input.atEnd) paths.push(input.text());
      return { type, move: { root, paths, copied } };
    }
    case "added":
      return { type, folder: input.text() };
    case undefined:
      throw new ProtocolError("a resume record of an unknown type");
  }
}

function readHash(input: RecordReader, length: number): Uint8Array | null {
  const hash = input.bytes();
  if (hash.length === 0) return null;
  if (hash.length !== length) throw new ProtocolError("an info-hash has an odd length");
  return hash;
}

function writePlace(out: RecordWriter, place: ResumePlace): void {
  out.u32(place.pieceCount);
  out.bytes(utf8(place.root));
  out.bytes(utf8(place.partPath));
  out.u32(place.skipped.length);
  for (const index of place.skipped) out.u32(index);
  for (const path of place.paths) out.bytes(utf8(path));
}

function readPlace(input: RecordReader): ResumePlace {
  const pieceCount = input.u32();
  if (pieceCount < 1 || pieceCount > MAX_PIECES)
    throw new ProtocolError("resume data with an odd number of pieces");
  const root = input.text();
  const partPath = input.text();
  const skipped: FileIndex[] = [];
  for (let left = input.u32(); left > 0; left--) skipped.push(input.u32());
  const paths: string[] = [];
  while (!input.atEnd) paths.push(input.text());
  if (skipped.some((index) => index >= paths.length))
    throw new ProtocolError("resume data skips an unknown file");
  return { pieceCount, root, partPath, paths, skipped };
}

/** Ascending numbers as pairs of first and count. */
function writeRanges(out: RecordWriter, pieces: readonly PieceIndex[]): void {
  const isAscending = pieces.every((piece, at) => at === 0 || piece > (pieces[at - 1] as number));
  const sorted = isAscending ? pieces : [...new Set(pieces)].sort((a, b) => a - b);
  for (let at = 0; at < sorted.length;) {
    const first = sorted[at] as number;
    let count = 1;
    while (sorted[at + count] === first + count) count++;
    out.u32(first);
    out.u32(count);
    at += count;
  }
}

/** Ranges must ascend, so that a hostile record can't list more pieces than there may be. */
function readRanges(input: RecordReader): PieceIndex[] {
  const pieces: PieceIndex[] = [];
  let next = 0;
  while (!input.atEnd) {
    const first = input.u32();
    const end = first + input.u32();
    if (first < next || end <= first || end > MAX_PIECES)
      throw new ProtocolError("resume data with odd piece numbers");
    for (let piece = first; piece < end; piece++) pieces.push(piece);
    next = end;
  }
  return pieces;
}

import type { FileIndex } from "../base/brand.ts";
import { compareBytes, utf8 } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { encodeBencode } from "../wire/bencode.ts";
import type { BencodeInput } from "../wire/bencode.ts";
import { displayName, plainText } from "./display-name.ts";
import { BLOCK_SIZE, isPowerOfTwo, Layout, MAX_PIECE_LENGTH, padEntry } from "./layout.ts";
import type { LayoutEntry, TorrentKind } from "./layout.ts";
import { HASH_BYTES, rootFromPieceLayer } from "./merkle.ts";
import type { Sha256 } from "./merkle.ts";

const MIN_AUTO_PIECE_LENGTH = BLOCK_SIZE;
const MAX_AUTO_PIECE_LENGTH = 1024 * BLOCK_SIZE;
const TARGET_PIECES = 2_000;

/**
 * Bytes of a piece for `totalSize` bytes of content: a power of two from 16 KiB to 16 MiB that gives 1,000 to 2,000
 * pieces where it can.
 */
export function choosePieceLength(totalSize: number): number {
  let length = MIN_AUTO_PIECE_LENGTH;
  while (length < MAX_AUTO_PIECE_LENGTH && Math.ceil(totalSize / length) > TARGET_PIECES) length *= 2;
  return length;
}

/** Throws ERR_INVALID_ARGUMENT unless the piece length is one that this kind of torrent can have. */
export function checkPieceLength(pieceLength: number, kind: TorrentKind): void {
  const inRange =
    Number.isInteger(pieceLength) && pieceLength >= BLOCK_SIZE && pieceLength <= MAX_PIECE_LENGTH;
  if (kind === "v1" && !(inRange && pieceLength % BLOCK_SIZE === 0)) {
    throw unusable("the piece size must be a multiple of 16 KiB and less than 512 MiB");
  }
  if (kind !== "v1" && !(inRange && isPowerOfTwo(pieceLength))) {
    throw unusable("the piece size must be a power of two from 16 KiB to 256 MiB");
  }
}

/**
 * Throws ERR_INVALID_ARGUMENT unless the text can be a torrent's name: it becomes a file or folder name elsewhere.
 */
export function checkTorrentName(name: string): void {
  if (name === "" || displayName(name) !== name) {
    throw unusable(
      `the name "${plainText(name)}" can't be used: it must be one plain name, without slashes and control characters`,
    );
  }
}

/** Order of a v2 file tree, which v1 lists follow too: component by component by the bytes of UTF-8 (BEP 52). */
export function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareBytes(utf8(a[i] as string), utf8(b[i] as string));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/**
 * Layout of a torrent to be made, for hashing; `entries` are in the order of `comparePaths`. In a hybrid with a
 * folder each file that ends inside a piece gets a pad behind it (BEP 47). Pieces roots are still unknown. Throws
 * ERR_INVALID_ARGUMENT when there is no byte to share.
 */
export function planLayout(
  kind: TorrentKind,
  pieceLength: number,
  multiFile: boolean,
  entries: readonly LayoutEntry[],
): Layout {
  const padded: LayoutEntry[] = [];
  // With nothing else in the folder there is nothing to align; so libtorrent does it, and equal torrents share a swarm.
  const addsPads = kind === "hybrid" && multiFile && entries.length > 1;
  for (const entry of entries) {
    padded.push(entry);
    const rest = entry.size % pieceLength;
    if (addsPads && rest > 0) padded.push(padEntry(pieceLength - rest));
  }
  if (!padded.some((entry) => entry.size > 0))
    throw unusable("there is nothing to share: not one byte in any file");
  return new Layout(kind, pieceLength, padded);
}

/** Digests of all pieces in order; null where the kind of torrent has no use for them. */
export interface PieceDigests {
  /** 20 bytes for each piece. */
  readonly sha1: Uint8Array | null;
  /** 32 bytes for each piece. */
  readonly roots: Uint8Array | null;
}

/** What goes into an info dictionary besides files and hashes. */
export interface InfoOptions {
  readonly name: string;
  readonly multiFile: boolean;
  readonly private: boolean;
  readonly source: string | null;
}

/** An info dictionary and what belongs beside it in a .torrent file. */
export interface BuiltInfo {
  readonly infoBytes: Uint8Array;
  /** The planned layout with pieces roots. */
  readonly layout: Layout;
  readonly pieceLayers: ReadonlyMap<FileIndex, Uint8Array>;
}

/** Builds the info dictionary (BEP 3, 27, 47, 52) for a planned layout whose pieces have been hashed. */
export function buildInfo(
  planned: Layout,
  digests: PieceDigests,
  options: InfoOptions,
  sha256: Sha256,
): BuiltInfo {
  const { layout, pieceLayers } =
    digests.roots === null
      ? { layout: planned, pieceLayers: new Map<FileIndex, Uint8Array>() }
      : withRoots(planned, digests.roots, sha256);
  const { name, multiFile } = options;
  const hasV1 = layout.kind !== "v2";
  const hasV2 = layout.kind !== "v1";
  const single = layout.files[0];
  const optional: Record<string, BencodeInput | undefined> = {
    attr: hasV1 && !multiFile && single !== undefined ? attributesOf(single) : undefined,
    "file tree": hasV2 ? fileTree(layout, name, multiFile) : undefined,
    files: hasV1 && multiFile ? layout.files.map(listEntry) : undefined,
    length: hasV1 && !multiFile ? single?.size : undefined,
    "meta version": hasV2 ? 2 : undefined,
    pieces: hasV1 ? (digests.sha1 ?? undefined) : undefined,
    private: options.private ? 1 : undefined,
    source: options.source ?? undefined,
  };
  const infoBytes = encodeBencode({ ...optional, name, "piece length": layout.pieceLength });
  return { infoBytes, layout, pieceLayers };
}

function withRoots(
  planned: Layout,
  roots: Uint8Array,
  sha256: Sha256,
): { layout: Layout; pieceLayers: Map<FileIndex, Uint8Array> } {
  const { kind, pieceLength } = planned;
  const pieceLayers = new Map<FileIndex, Uint8Array>();
  const entries = planned.files.map((file): LayoutEntry => {
    if (file.pad || file.size === 0) return file;
    const layer = roots.slice(file.firstPiece * HASH_BYTES, file.endPiece * HASH_BYTES);
    // The root over the only piece of a short file is the file's own.
    if (file.size <= pieceLength) return { ...file, piecesRoot: layer };
    pieceLayers.set(file.index, layer);
    return { ...file, piecesRoot: rootFromPieceLayer(sha256, layer, pieceLength) };
  });
  // A v2 layout adds its pads itself, at the same places.
  const own = kind === "v2" ? entries.filter((entry) => !entry.pad) : entries;
  return { layout: new Layout(kind, pieceLength, own), pieceLayers };
}

function attributesOf(entry: LayoutEntry): string | undefined {
  const letters =
    (entry.pad ? "p" : "") +
    (entry.hidden ? "h" : "") +
    (entry.executable ? "x" : "") +
    (entry.symlink === null ? "" : "l");
  return letters === "" ? undefined : letters;
}

function listEntry(entry: LayoutEntry): BencodeInput {
  return {
    attr: attributesOf(entry),
    length: entry.size,
    path: entry.path,
    "symlink path": entry.symlink ?? undefined,
  };
}

type Folder = Map<string, BencodeInput>;

function fileTree(layout: Layout, name: string, multiFile: boolean): BencodeInput {
  const root: Folder = new Map();
  const folders = new Map<string, Folder>([["", root]]);
  const folderAt = (path: readonly string[]): Folder => {
    const key = path.join("/");
    const known = folders.get(key);
    if (known !== undefined) return known;
    const folder: Folder = new Map();
    folders.set(key, folder);
    folderAt(path.slice(0, -1)).set(path.at(-1) as string, folder);
    return folder;
  };
  for (const file of layout.files) {
    if (file.pad) continue;
    const path = multiFile ? file.path : [name];
    const description = {
      attr: attributesOf(file),
      length: file.size,
      "pieces root": file.piecesRoot ?? undefined,
      "symlink path": file.symlink ?? undefined,
    };
    folderAt(path.slice(0, -1)).set(path.at(-1) as string, { "": description });
  }
  return root;
}

function unusable(message: string): ShoalError {
  return new ShoalError("ERR_INVALID_ARGUMENT", message);
}

import type { Endpoint } from "../base/address.ts";
import { copyBytes } from "../base/bytes.ts";
import type { FileIndex } from "../base/brand.ts";
import { decodeBencode, decodeBencodePrefix } from "../wire/bencode.ts";
import type { BencodeValue } from "../wire/bencode.ts";
import { decodeName, displayName, plainText } from "./display-name.ts";
import { checkPathBytes } from "./info-file.ts";
import type { InfoFile } from "./info-file.ts";
import type { HashFunctions, InfoHashes } from "./info-hash.ts";
import { readPieceHashes, readV1Files, samePath } from "./info-v1.ts";
import { checkV2PieceLength, readFileTree, soleFileName } from "./info-v2.ts";
import { Layout } from "./layout.ts";
import type { TorrentKind } from "./layout.ts";
import { refuseMetainfo } from "./metainfo-error.ts";
import { readPieceLayers } from "./piece-layers.ts";
import { checkSymlinks } from "./symlinks.ts";
import { readNodes } from "./torrent-nodes.ts";
import { readTrackers, readWebSeeds } from "./torrent-urls.ts";

/** Largest .torrent file: room for the largest info dictionary and the piece layers of the most pieces. */
const MAX_TORRENT_BYTES = 104_857_600;
/** Largest info dictionary, also when it comes from peers. */
const MAX_INFO_BYTES = 30_000_000;
/** More files of one and the same path than this make no sense. */
const MAX_SAME_PATH = 100;
/** Maps each byte to a character of its own, none of them U+0100. */
const LATIN1 = new TextDecoder("latin1");

/** What a .torrent file or an info dictionary says, checked. */
export interface Metainfo {
  /**
   * Display name: separators and control characters dropped, invalid UTF-8 replaced. Of a v2-only torrent with one
   * file it is the file's name. On disk only the path policy's names are used.
   */
  readonly name: string;
  readonly infoHashes: InfoHashes;
  /** The info dictionary as found, byte for byte: what the info-hashes cover. */
  readonly infoBytes: Uint8Array;
  readonly layout: Layout;
  /** A folder called `name` holds the files; else there is one file, and `name` is its name. */
  readonly multiFile: boolean;
  /** SHA-1 of each piece, 20 bytes each; null for v2-only. */
  readonly pieceHashes: Uint8Array | null;
  /**
   * For files longer than a piece: root of each of the file's pieces, 32 bytes each, proved against `piecesRoot`.
   * Absent where the source lacks them.
   */
  readonly pieceLayers: ReadonlyMap<FileIndex, Uint8Array>;
  /** Peers only from the trackers named here (BEP 27). */
  readonly private: boolean;
  readonly source: string | null;
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** Seconds since 1970. */
  readonly creationDate: number | null;
  /** Tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  /** DHT nodes to begin with (BEP 5). */
  readonly nodes: readonly Endpoint[];
  /** Plain sentences about what was odd but usable. */
  readonly warnings: readonly string[];
}

/**
 * Parses a .torrent file of v1 (BEP 3), v2 (BEP 52) or both. Throws ProtocolError, ERR_BENCODE or ERR_METAINFO, with
 * the broken rule's name in `details.reason`.
 */
export function parseMetainfo(bytes: Uint8Array, hasher: HashFunctions): Metainfo {
  const root = decodeBencodePrefix(bytes, { maxBytes: MAX_TORRENT_BYTES, duplicates: "mark" });
  if (root.kind !== "dictionary") throw refuseMetainfo("the file is not a torrent", "torrent_is_no_dict");
  const info = root.get("info");
  if (info === null) throw refuseMetainfo("the info dictionary is missing", "torrent_missing_info");
  const parsed = readInfo(info, hasher);
  const { layers, warnings } =
    parsed.infoHashes.v2 === null
      ? { layers: parsed.pieceLayers, warnings: [] }
      : readPieceLayers(root.get("piece layers"), parsed.layout, hasher);
  if (root.hasDuplicateKeys) throw repeatedKey();
  // Editors and download tools leave a line break behind; anything else means that the file is not what it seems.
  if (bytes.subarray(root.end).some((byte) => byte !== 0x0a && byte !== 0x0d)) {
    throw refuseMetainfo("there is something after the torrent's end", "invalid_bencoding");
  }
  const creationDate = root.getNumber("creation date");
  return {
    ...parsed,
    pieceLayers: layers,
    comment: readText(root, "comment"),
    createdBy: readText(root, "created by"),
    creationDate: creationDate !== null && creationDate >= 0 ? creationDate : null,
    trackers: readTrackers(root),
    webSeeds: readWebSeeds(root),
    nodes: readNodes(root),
    warnings: [...parsed.warnings, ...warnings],
  };
}

/**
 * Parses a bare info dictionary, as peers send it (BEP 9): no trackers and no piece layers. Errors as
 * `parseMetainfo`.
 */
export function parseInfo(infoBytes: Uint8Array, hasher: HashFunctions): Metainfo {
  const info = decodeBencode(infoBytes, { maxBytes: MAX_INFO_BYTES, duplicates: "mark" });
  const parsed = readInfo(info, hasher);
  if (info.hasDuplicateKeys) throw repeatedKey();
  return parsed;
}

function readInfo(info: BencodeValue, hasher: HashFunctions): Metainfo {
  if (info.kind !== "dictionary") {
    throw refuseMetainfo("the info dictionary is malformed", "torrent_info_no_dict");
  }
  if (info.end - info.start > MAX_INFO_BYTES) {
    throw refuseMetainfo("the info dictionary is too large", "metadata_too_large");
  }
  const version = info.getNumber("meta version") ?? 1;
  if (version > 2) throw refuseMetainfo("the torrent is of a newer version", "torrent_unknown_version");
  const hasV2 = version === 2;
  const hasV1 = !hasV2 || ["pieces", "files", "length"].some((key) => info.get(key) !== null);
  const kind: TorrentKind = hasV2 ? (hasV1 ? "hybrid" : "v2") : "v1";

  const pieceLength = info.getNumber("piece length") ?? 0;
  if (pieceLength <= 0) throw refuseMetainfo("the piece length is missing", "torrent_missing_piece_length");
  if (hasV2) checkV2PieceLength(pieceLength);
  const rawName = info.getBytes("name.utf-8") ?? info.getBytes("name");
  const decodedName = decodeName(rawName ?? new Uint8Array());
  const infoName = displayName(decodedName.text);
  if (rawName === null || infoName === "")
    throw refuseMetainfo("the name is missing", "torrent_missing_name");

  const tree = hasV2 ? readFileTree(info) : null;
  const list = hasV1 ? readV1Files(info, rawName) : null;
  const files =
    list === null || tree === null ? (list?.files ?? tree ?? []) : matchHalves(list.files, tree, pieceLength);
  const fileName = list === null ? soleFileName(files) : null;
  const multiFile = list?.multiFile ?? fileName === null;
  checkPathBytes(files, multiFile ? rawName.length : 0);
  refuseManySamePaths(files);
  const { entries, warnings } = checkSymlinks(files.map((file) => file.entry));
  const layout = new Layout(kind, pieceLength, entries);
  const pieceHashes = hasV1 ? copyBytes(readPieceHashes(info)) : null;
  if (pieceHashes !== null && pieceHashes.length !== layout.pieceCount * 20) {
    throw refuseMetainfo("the number of piece hashes is wrong", "torrent_invalid_hashes");
  }
  const infoBytes = copyBytes(info.encoded);
  return {
    name: (fileName === null ? "" : displayName(fileName)) || infoName,
    infoHashes: { v1: hasV1 ? hasher.sha1(infoBytes) : null, v2: hasV2 ? hasher.sha256(infoBytes) : null },
    infoBytes,
    layout,
    multiFile,
    pieceHashes,
    pieceLayers: new Map(),
    private: info.getNumber("private") === 1,
    source: readText(info, "source"),
    comment: null,
    createdBy: null,
    creationDate: null,
    trackers: [],
    webSeeds: [],
    nodes: [],
    warnings: [...textWarnings(decodedName.valid, files), ...warnings],
  };
}

/**
 * Puts the two halves of a hybrid together: the v1 list with its pads, and the roots of the v2 tree. Both must mean
 * the same files in the same order, and pads may only fill up pieces, or else one half could hide what the other
 * shows.
 */
function matchHalves(list: readonly InfoFile[], tree: readonly InfoFile[], pieceLength: number): InfoFile[] {
  let next = 0;
  let offset = 0;
  const files = list.map((file): InfoFile => {
    const { entry } = file;
    offset += entry.size;
    if (entry.pad) {
      if (entry.size >= pieceLength || offset % pieceLength !== 0) throw inconsistent();
      return file;
    }
    const twin = tree[next++];
    if (twin === undefined || !samePath(file.path.raw, twin.path.raw)) throw inconsistent();
    const { size, symlink } = twin.entry;
    if (size !== entry.size || (symlink ?? []).join("\0") !== (entry.symlink ?? []).join("\0"))
      throw inconsistent();
    return { ...file, entry: twin.entry };
  });
  if (next !== tree.length) throw inconsistent();
  return files;
}

function inconsistent(): Error {
  return refuseMetainfo("the v1 and v2 halves don't describe the same files", "torrent_inconsistent_files");
}

function repeatedKey(): Error {
  return refuseMetainfo("a dictionary repeats a key", "invalid_bencoding");
}

function refuseManySamePaths(files: readonly InfoFile[]): void {
  const counts = new Map<string, number>();
  for (const { path, entry } of files) {
    if (entry.pad) continue;
    const key = path.valid
      ? path.names.join("\0")
      : path.raw.map((part) => LATIN1.decode(part)).join("\u0100");
    const count = (counts.get(key) ?? 0) + 1;
    if (count > MAX_SAME_PATH) {
      throw refuseMetainfo("too many files have the same name", "too_many_duplicate_filenames");
    }
    counts.set(key, count);
  }
}

function textWarnings(nameIsValid: boolean, files: readonly InfoFile[]): string[] {
  const broken = files.filter((file) => !file.path.valid).length;
  if (broken > 0)
    return [
      `${broken === 1 ? "One file name is" : `${broken} file names are`} not UTF-8; "_" stands for what is not.`,
    ];
  return nameIsValid ? [] : ['The torrent\'s name is not UTF-8; "_" stands for what is not.'];
}

/** A text for people; lines are kept apart, other control characters dropped. */
function readText(dictionary: BencodeValue, key: string): string | null {
  const text = dictionary.getText(`${key}.utf-8`) ?? dictionary.getText(key);
  return text === null ? null : text.split(/\r?\n/).map(plainText).join("\n");
}

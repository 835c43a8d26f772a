import { copyBytes } from "../base/bytes.ts";
import type { BencodeValue } from "../wire/bencode.ts";
import { childPath, makeInfoFile, readAttributes, readLength, ROOT_PATH } from "./info-file.ts";
import type { InfoFile, InfoPath } from "./info-file.ts";
import { BLOCK_SIZE, isPowerOfTwo } from "./layout.ts";
import { HASH_BYTES } from "./merkle.ts";
import { refuseMetainfo } from "./metainfo-error.ts";

/** Throws unless the piece length fits BEP 52: a power of two of at least 16 KiB. */
export function checkV2PieceLength(pieceLength: number): void {
  if (!isPowerOfTwo(pieceLength) || pieceLength < BLOCK_SIZE) {
    throw refuseMetainfo(
      "the piece length is not a power of two of at least 16 KiB",
      "torrent_missing_piece_length",
    );
  }
}

/** A folder that is being walked: what is left of it and its path. */
interface OpenFolder {
  readonly entries: Iterator<[key: Uint8Array, value: BencodeValue]>;
  readonly path: InfoPath;
}

/** The files of a v2 file tree in its order, which is that of the raw bytes of their names (BEP 52). */
export function readFileTree(info: BencodeValue): InfoFile[] {
  const root = info.getDictionary("file tree");
  if (root === null) throw refuseMetainfo("the file tree is missing", "torrent_missing_file_tree");
  const files: InfoFile[] = [];
  const open: OpenFolder[] = [openFolder(root, ROOT_PATH)];
  for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
    const next = folder.entries.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const [key, value] = next.value;
    if (key.length === 0 || value.kind !== "dictionary") throw malformedTree();
    const path = childPath(folder.path, key);
    const description = value.get("");
    if (description === null) open.push(openFolder(value, path));
    else files.push(readFile(value, description, path));
  }
  return files;
}

/**
 * Name of the file of a tree that is one file and nothing else: a single-file torrent (BEP 52). Null for all others.
 */
export function soleFileName(files: readonly InfoFile[]): string | null {
  const path = files.length === 1 ? files[0]?.entry.path : undefined;
  return path?.length === 1 ? (path[0] as string) : null;
}

function openFolder(folder: BencodeValue, path: InfoPath): OpenFolder {
  if (!folder.hasSortedKeys) throw refuseMetainfo("the file tree is not in order", "invalid_bencoding");
  return { entries: (folder.asEntries() ?? []).values(), path };
}

function readFile(node: BencodeValue, description: BencodeValue, path: InfoPath): InfoFile {
  // A name can't be a file and a folder at once.
  if (description.kind !== "dictionary" || node.size !== 1) throw malformedTree();
  const attributes = readAttributes(description);
  if (attributes.pad) {
    throw refuseMetainfo("a file of the v2 tree is marked as padding", "torrent_invalid_pad_file");
  }
  const size = readLength(description, attributes);
  if (size === 0) return makeInfoFile(path, size, description, attributes, null);
  const root = description.getBytes("pieces root");
  if (root === null || root.length !== HASH_BYTES || root.every((byte) => byte === 0)) {
    throw refuseMetainfo("a file of the v2 tree has no pieces root", "torrent_missing_pieces_root");
  }
  return makeInfoFile(path, size, description, attributes, copyBytes(root));
}

function malformedTree(): Error {
  return refuseMetainfo("the file tree is malformed", "torrent_file_parse_failed");
}

import { compareBytes, utf8 } from "../base/bytes.ts";
import type { BencodeValue } from "../wire/bencode.ts";
import { childPath, makeInfoFile, readAttributes, readLength, ROOT_PATH } from "./info-file.ts";
import type { InfoFile, InfoPath } from "./info-file.ts";
import { PAD_FOLDER } from "./layout.ts";
import { refuseMetainfo } from "./metainfo-error.ts";

/** Pad files of a client that came before BEP 47 are known by how their names start. */
const OLD_PAD_PREFIX = "_____padding_file_";

/** The files of the v1 part of an info dictionary (BEP 3, 47), pads included. `name` is the torrent's raw name. */
export function readV1Files(info: BencodeValue, name: Uint8Array): { files: InfoFile[]; multiFile: boolean } {
  const list = info.get("files");
  if (list === null) {
    const attributes = readAttributes(info);
    const length = readLength(info, attributes);
    return {
      files: [makeInfoFile(childPath(ROOT_PATH, name), length, info, { ...attributes, pad: false }, null)],
      multiFile: false,
    };
  }
  const items = list.asList();
  if (items === null || items.length === 0) {
    throw refuseMetainfo("the file list is empty or malformed", "torrent_file_parse_failed");
  }
  return { files: items.map(readFile), multiFile: true };
}

function readFile(dictionary: BencodeValue): InfoFile {
  if (dictionary.kind !== "dictionary") {
    throw refuseMetainfo("an entry of the file list is malformed", "torrent_file_parse_failed");
  }
  const attributes = readAttributes(dictionary);
  const length = readLength(dictionary, attributes);
  const path = readPath(dictionary);
  if (path !== null) {
    const pad = attributes.pad || (path.names.at(-1) as string).startsWith(OLD_PAD_PREFIX);
    return makeInfoFile(path, length, dictionary, { ...attributes, pad }, null);
  }
  // The path of a pad file is optional (BEP 47).
  if (!attributes.pad) throw refuseMetainfo("a file has no name", "torrent_missing_name");
  return makeInfoFile(pathOf([utf8(PAD_FOLDER), utf8(String(length))]), length, dictionary, attributes, null);
}

function readPath(dictionary: BencodeValue): InfoPath | null {
  const parts = dictionary.getList("path.utf-8") ?? dictionary.getList("path");
  if (parts === null || parts.length === 0) return null;
  const components = parts.map((part) => {
    const bytes = part.asBytes();
    if (bytes === null) throw refuseMetainfo("a file name is malformed", "torrent_invalid_name");
    return bytes;
  });
  return pathOf(components);
}

function pathOf(components: readonly Uint8Array[]): InfoPath {
  return components.reduce(childPath, ROOT_PATH);
}

/** The SHA-1 list; null when the info dictionary has none. Its length is checked once the piece count is known. */
export function readPieceHashes(info: BencodeValue): Uint8Array {
  const pieces = info.getBytes("pieces");
  if (pieces === null) throw refuseMetainfo("the piece hashes are missing", "torrent_missing_pieces");
  return pieces;
}

/** Whether two paths are the same, byte for byte. */
export function samePath(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((part, i) => compareBytes(part, b[i] as Uint8Array) === 0);
}

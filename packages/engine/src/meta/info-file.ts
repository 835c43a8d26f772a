import type { BencodeValue } from "../wire/bencode.ts";
import { decodeName } from "./display-name.ts";
import type { LayoutEntry } from "./layout.ts";
import { refuseMetainfo } from "./metainfo-error.ts";

/** Components of a path, and bytes of all of them: more are no path of any file system, only work for us. */
const MAX_COMPONENTS = 100;
const MAX_PATH_BYTES = 4_096;
/** Bytes of all paths of a torrent: in a file tree, a folder's name counts once for each of its files. */
const MAX_PATHS_BYTES = 33_554_432;

/** A path, decoded. Paths of files in the same folder share what they have in common. */
export interface InfoPath {
  /** Byte for byte: what hybrid halves are compared by. */
  readonly raw: readonly Uint8Array[];
  readonly names: readonly string[];
  /** Bytes of all components, and one for each. */
  readonly bytes: number;
  /** False when a component was not UTF-8. */
  readonly valid: boolean;
}

/** The path of the torrent's root. */
export const ROOT_PATH: InfoPath = { raw: [], names: [], bytes: 0, valid: true };

/** The path of something in the folder `parent`. Throws when it is too long. */
export function childPath(parent: InfoPath, name: Uint8Array): InfoPath {
  const bytes = parent.bytes + name.length + 1;
  if (bytes > MAX_PATH_BYTES || parent.raw.length === MAX_COMPONENTS) {
    throw refuseMetainfo("a file's path is too long", "torrent_invalid_name");
  }
  const { text, valid } = decodeName(name);
  return {
    raw: [...parent.raw, name],
    names: [...parent.names, text],
    bytes,
    valid: valid && parent.valid,
  };
}

/** Throws when the paths of all files together are too long; `nameBytes` is the length of the torrent's name. */
export function checkPathBytes(files: readonly InfoFile[], nameBytes: number): void {
  let left = MAX_PATHS_BYTES;
  for (const { path } of files) left -= path.bytes + nameBytes;
  if (left < 0) throw refuseMetainfo("the paths of the files are too long", "torrent_invalid_name");
}

/** A file as an info dictionary describes it. */
export interface InfoFile {
  readonly path: InfoPath;
  readonly entry: LayoutEntry;
}

/** Attributes of BEP 47. */
interface Attributes {
  readonly pad: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  readonly symlink: boolean;
}

/** Reads `attr` of a file's dictionary; unknown letters mean nothing. */
export function readAttributes(dictionary: BencodeValue): Attributes {
  const letters = dictionary.getText("attr") ?? "";
  return {
    pad: letters.includes("p"),
    executable: letters.includes("x"),
    hidden: letters.includes("h"),
    symlink: letters.includes("l"),
  };
}

/** Bytes of a file; a symlink has none, whatever its dictionary says (BEP 47). */
export function readLength(dictionary: BencodeValue, attributes: Attributes): number {
  if (attributes.symlink) return 0;
  const length = dictionary.getNumber("length");
  if (length === null || length < 0) {
    throw refuseMetainfo("a file has no usable length", "torrent_invalid_length");
  }
  return length;
}

/** Puts a file together. `pad` overrides the attribute. */
export function makeInfoFile(
  path: InfoPath,
  size: number,
  dictionary: BencodeValue,
  attributes: Attributes,
  piecesRoot: Uint8Array | null,
): InfoFile {
  const target = attributes.symlink ? dictionary.getList("symlink path") : null;
  return {
    path,
    entry: {
      path: path.names,
      size,
      pad: attributes.pad,
      executable: attributes.executable,
      hidden: attributes.hidden,
      // An empty target leads nowhere; the symlink check says so and drops it.
      symlink: attributes.symlink
        ? (target ?? []).map((part) => decodeName(part.asBytes() ?? new Uint8Array()).text)
        : null,
      piecesRoot,
    },
  };
}

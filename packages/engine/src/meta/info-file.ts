import type { BencodeValue } from "../wire/bencode.ts";
import { decodeName } from "./display-name.ts";
import type { LayoutEntry } from "./layout.ts";
import { refuseMetainfo } from "./metainfo-error.ts";

/** A file as an info dictionary describes it. */
export interface InfoFile {
  /** Path components byte for byte: what hybrid halves are compared by. */
  readonly rawPath: readonly Uint8Array[];
  readonly entry: LayoutEntry;
  /** False when a component was not UTF-8. */
  readonly validText: boolean;
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
  rawPath: readonly Uint8Array[],
  size: number,
  dictionary: BencodeValue,
  attributes: Attributes,
  piecesRoot: Uint8Array | null,
): InfoFile {
  const names = rawPath.map(decodeName);
  const target = attributes.symlink ? dictionary.getList("symlink path") : null;
  return {
    rawPath,
    validText: names.every((name) => name.valid),
    entry: {
      path: names.map((name) => name.text),
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

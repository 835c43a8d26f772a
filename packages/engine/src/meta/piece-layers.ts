import type { FileIndex } from "../base/brand.ts";
import { copyBytes, latin1Text } from "../base/bytes.ts";
import type { BencodeValue } from "../wire/bencode.ts";
import type { HashFunctions } from "./info-hash.ts";
import { isPowerOfTwo } from "./layout.ts";
import type { Layout, LayoutFile } from "./layout.ts";
import { HASH_BYTES, hasPieceLayerLength, verifyPieceLayer } from "./merkle.ts";
import { refuseMetainfo } from "./metainfo-error.ts";

/** Piece layers of a .torrent file, proved, and what is to be said about the others. */
export interface ReadLayers {
  readonly layers: ReadonlyMap<FileIndex, Uint8Array>;
  readonly warnings: readonly string[];
}

/**
 * Reads and proves the `piece layers` dictionary (BEP 52); `value` is null where the file has none. Refused: a layer
 * of the wrong length, of no file or of a file not longer than a piece, and one that is complete but doesn't match.
 * Absent layers are fetched from peers later.
 */
export function readPieceLayers(
  value: BencodeValue | null,
  layout: Layout,
  hasher: HashFunctions,
): ReadLayers {
  const owners = new Map<string, LayoutFile[]>();
  let missing = 0;
  for (const file of layout.files) {
    if (file.piecesRoot === null || file.size <= layout.pieceLength) continue;
    const key = latin1Text(file.piecesRoot);
    const same = owners.get(key);
    // Equal files have equal roots and share one layer.
    if (same === undefined) owners.set(key, [file]);
    else same.push(file);
    missing++;
  }
  const layers = new Map<FileIndex, Uint8Array>();
  const warnings: string[] = [];
  if (value !== null && value.kind !== "dictionary") throw invalidLayer("the piece layers are malformed");
  // All are copied at once: many small arrays cost more than what they hold.
  const kept = value === null ? null : copyBytes(value.encoded);
  for (const [root, content] of value?.asEntries() ?? []) {
    const files = owners.get(latin1Text(root));
    const layer = content.asBytes();
    const file = files?.[0];
    if (files === undefined || file === undefined || layer === null) {
      throw invalidLayer("a piece layer belongs to no file");
    }
    if (!hasPieceLayerLength(layer, layout.pieceLength, file.size)) {
      throw invalidLayer("a piece layer has the wrong length");
    }
    if (!verifyPieceLayer(root, layer, layout.pieceLength, file.size, hasher)) {
      // Some creators got the padding of trees wrong, which can't happen where none is needed. Their torrents are worth
      // trying with hashes from peers; a layer that needs no padding is simply broken.
      if (isPowerOfTwo(layer.length / HASH_BYTES)) throw invalidLayer("a piece layer doesn't match its file");
      warnings.push("A piece layer doesn't match its file and is ignored.");
      continue;
    }
    const end = content.end - value!.start;
    const copy = kept!.subarray(end - layer.length, end);
    for (const { index } of files) layers.set(index, copy);
    missing -= files.length;
  }
  if (missing > 0) {
    warnings.push(
      `The piece hashes of ${missing === 1 ? "one file are" : `${missing} files are`} missing; peers will be asked for them.`,
    );
  }
  return { layers, warnings };
}

function invalidLayer(message: string): Error {
  return refuseMetainfo(message, "torrent_invalid_piece_layer");
}

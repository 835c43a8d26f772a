import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { HashFunctions } from "../meta/info-hash.ts";
import type { Layout } from "../meta/layout.ts";
import { HASH_BYTES, verifyPieceLayer } from "../meta/merkle.ts";
import type { PieceHashes } from "./piece-hashes.ts";

interface Gathered {
  readonly layer: Uint8Array;
  left: number;
}

/**
 * Piece layers from the data itself: where a v2 torrent came without them, no piece can be checked alone, but the roots of all pieces of a
 * file prove each other when they end in its pieces root (BEP 52).
 */
export class GatheredLayers {
  readonly #hashes: PieceHashes;
  readonly #layout: Layout;
  readonly #hasher: HashFunctions;
  readonly #files: Map<FileIndex, Gathered> = new Map();

  constructor(hashes: PieceHashes, layout: Layout, hasher: HashFunctions) {
    this.#hashes = hashes;
    this.#layout = layout;
    this.#hasher = hasher;
  }

  /** `root` was found for a piece; each piece comes once. True when with it a file's layer became known, and so all of its pieces are right. */
  add(piece: PieceIndex, root: Uint8Array | null): boolean {
    if (root === null || this.#hashes.canVerify(piece)) return false;
    const file = this.#layout.fileOfPiece(piece);
    const count = file.endPiece - file.firstPiece;
    const gathered = this.#files.get(file.index) ?? {
      layer: new Uint8Array(count * HASH_BYTES),
      left: count,
    };
    this.#files.set(file.index, gathered);
    gathered.layer.set(root, (piece - file.firstPiece) * HASH_BYTES);
    if (--gathered.left > 0) return false;
    this.#files.delete(file.index);
    const { layer } = gathered;
    if (!verifyPieceLayer(file.piecesRoot!, layer, this.#layout.pieceLength, file.size, this.#hasher))
      return false;
    this.#hashes.setPieceLayer(file.index, layer);
    return true;
  }
}

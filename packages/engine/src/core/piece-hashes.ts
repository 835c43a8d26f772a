import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import type { LayoutFile } from "../meta/layout.ts";
import type { Metainfo } from "../meta/metainfo.ts";

/** Digests of one piece as found on disk; null where they were not asked for. */
export interface FoundDigest {
  readonly sha1: Uint8Array | null;
  readonly root: Uint8Array | null;
}

/** What a torrent's pieces must hash to. A hybrid's piece must pass both kinds (engine pitfall: masked content otherwise). */
export class PieceHashes {
  readonly #metainfo: Metainfo;
  readonly #layers: Map<FileIndex, Uint8Array>;

  constructor(metainfo: Metainfo) {
    this.#metainfo = metainfo;
    this.#layers = new Map(metainfo.pieceLayers);
  }

  /** Which digests a check of any piece needs. */
  get sha1(): boolean {
    return this.#metainfo.pieceHashes !== null;
  }

  get merkle(): boolean {
    return this.#metainfo.infoHashes.v2 !== null;
  }

  /** Layers of the files that have them, for serving and for writing a .torrent. */
  get pieceLayers(): ReadonlyMap<FileIndex, Uint8Array> {
    return this.#layers;
  }

  /** Files longer than a piece whose piece layer is not known yet: to be fetched from peers (BEP 52). */
  missingLayers(): LayoutFile[] {
    if (!this.merkle) return [];
    const { files, pieceLength } = this.#metainfo.layout;
    return files.filter((file) => !file.pad && file.size > pieceLength && !this.#layers.has(file.index));
  }

  /** `layer` has been proved against the file's pieces root. */
  setPieceLayer(file: FileIndex, layer: Uint8Array): void {
    this.#layers.set(file, layer);
  }

  /** Root that the piece's leaves must have, 32 bytes; null in v1 and while the piece layer is unknown. */
  root(piece: PieceIndex): Uint8Array | null {
    if (!this.merkle) return null;
    const { layout } = this.#metainfo;
    const file = layout.fileOfPiece(piece);
    if (file.size <= layout.pieceLength) return file.piecesRoot;
    const layer = this.#layers.get(file.index);
    if (layer === undefined) return null;
    const at = (piece - file.firstPiece) * 32;
    return layer.subarray(at, at + 32);
  }

  /** The piece's known root is the hash of its one block. */
  isLeaf(piece: PieceIndex): boolean {
    return this.root(piece) !== null && this.#metainfo.layout.blockCount(piece) === 1;
  }

  /** Whether there is any hash to compare the piece with: what can't be verified must not be requested. */
  canVerify(piece: PieceIndex): boolean {
    return this.sha1 || this.root(piece) !== null;
  }

  /** True when the digest matches every hash known for the piece. */
  verify(piece: PieceIndex, digest: FoundDigest): boolean {
    const sha1 = this.#passesSha1(piece, digest);
    const merkle = this.#passesMerkle(piece, digest);
    return (sha1 ?? merkle ?? false) && (merkle ?? true);
  }

  /** True when both hashes of the piece are known and the digest matches one of them: the torrent contradicts itself. */
  passesOnlyOne(piece: PieceIndex, digest: FoundDigest): boolean {
    const sha1 = this.#passesSha1(piece, digest);
    const merkle = this.#passesMerkle(piece, digest);
    return sha1 !== null && merkle !== null && sha1 !== merkle;
  }

  /** Null when there is no SHA-1 to compare with. */
  #passesSha1(piece: PieceIndex, { sha1 }: FoundDigest): boolean | null {
    const { pieceHashes } = this.#metainfo;
    if (pieceHashes === null) return null;
    return sha1 !== null && equalBytes(sha1, pieceHashes.subarray(piece * 20, piece * 20 + 20));
  }

  /** Null while no root is known. */
  #passesMerkle(piece: PieceIndex, { root }: FoundDigest): boolean | null {
    const expected = this.root(piece);
    if (expected === null) return null;
    return root !== null && equalBytes(root, expected);
  }
}

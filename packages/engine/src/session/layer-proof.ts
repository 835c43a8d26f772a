import type { Bitfield } from "../base/bitfield.ts";
import type { PieceIndex } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { LayoutFile } from "../meta/layout.ts";
import type { Disk, PieceDigest, StorageId } from "../ports/disk.ts";

/** Both hashes of a hybrid can be right only for one content; another one hides behind the hash that is not looked at. */
export function twoContents(): ShoalError {
  const message = "The torrent describes two different contents, one for v1 and one for v2; don't use it";
  return new ShoalError("ERR_VERIFY", message);
}

/**
 * Pieces of a hybrid that passed by SHA-1 while their piece layer was unknown owe the other proof: it is taken when the layer comes.
 * Pieces of which no root was noted, such as those of an earlier run, are read for it.
 */
export class LayerProof {
  readonly #disk: Disk;
  readonly #storage: StorageId;
  readonly #hashes: PieceHashes;
  readonly #onFailure: (error: ShoalError) => void;
  readonly #roots: Map<PieceIndex, Uint8Array> = new Map();
  /** Pieces to be read, in a row. */
  readonly #unread: PieceIndex[] = [];
  #reading = false;

  constructor(disk: Disk, storage: StorageId, hashes: PieceHashes, onFailure: (error: ShoalError) => void) {
    this.#disk = disk;
    this.#storage = storage;
    this.#hashes = hashes;
    this.#onFailure = onFailure;
  }

  /** The piece passed by the hashes that are known. */
  onVerified(piece: PieceIndex, digest: PieceDigest): void {
    if (digest.root !== null && this.#hashes.root(piece) === null) this.#roots.set(piece, digest.root);
  }

  onLost(piece: PieceIndex): void {
    this.#roots.delete(piece);
  }

  /** The piece layer of a file became known; `have` are the pieces that passed without it. */
  onLayer(file: LayoutFile, have: Bitfield): void {
    // In a torrent without v1 hashes nothing could be verified before.
    if (!this.#hashes.sha1) return;
    for (let piece = file.firstPiece; piece < file.endPiece; piece++) {
      const root = this.#roots.get(piece);
      this.#roots.delete(piece);
      if (root !== undefined) this.#compare(piece, root);
      else if (have.get(piece)) this.#unread.push(piece);
    }
    this.#readNext();
  }

  #readNext(): void {
    const piece = this.#unread[this.#unread.length - 1];
    if (this.#reading || piece === undefined) return;
    this.#unread.length--;
    this.#reading = true;
    this.#disk.hash(this.#storage, piece, this.#hashes, (_error, digest) => {
      this.#reading = false;
      // What is not as it was verified is not the torrent's fault: somebody changed the file.
      if (digest !== null && this.#hashes.passesOnlyOne(piece, digest)) this.#fail();
      else this.#readNext();
    });
  }

  #compare(piece: PieceIndex, root: Uint8Array): void {
    if (!equalBytes(root, this.#hashes.root(piece)!)) this.#fail();
  }

  #fail(): void {
    this.#unread.length = 0;
    this.#onFailure(twoContents());
  }
}

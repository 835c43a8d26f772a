import { Bitfield } from "../base/bitfield.ts";
import type { PieceIndex } from "../base/brand.ts";
import type { ShoalError } from "../base/errors.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { Disk, PieceDigest, StorageId } from "../ports/disk.ts";

/** Pieces hashed at the same time: both workers have one to do and one waiting. */
const UNDER_WAY = 4;
/** So many pieces may wait for their turn before they are needed. */
const LOOK_AHEAD = 8;

export interface TrustedPiecesOwner {
  /** The piece is what it was taken for. */
  onProved(piece: PieceIndex, digest: PieceDigest): void;
  /** It is not; the owner takes the claim back. */
  onDamaged(piece: PieceIndex): void;
  onReadError(piece: PieceIndex, error: ShoalError): void;
}

/**
 * Pieces that are claimed because resume data says so, and were not hashed in this session. Each is hashed once, before
 * the first of its bytes is given to anybody; reading it for that leaves it in the page cache for the requests that wait.
 */
export class TrustedPieces {
  readonly #owner: TrustedPiecesOwner;
  readonly #disk: Disk;
  readonly #storage: StorageId;
  readonly #hashes: PieceHashes;
  readonly #pieceCount: number;
  /** Null when there are none. */
  #trusted: Bitfield | null = null;
  #believes = false;
  readonly #waiting: Set<PieceIndex> = new Set();
  readonly #underWay: Set<PieceIndex> = new Set();
  readonly #whenIdle: (() => void)[] = [];
  #onHashed: (() => void) | null = null;

  constructor(
    owner: TrustedPiecesOwner,
    disk: Disk,
    storage: StorageId,
    hashes: PieceHashes,
    pieceCount: number,
  ) {
    this.#pieceCount = pieceCount;
    this.#owner = owner;
    this.#disk = disk;
    this.#storage = storage;
    this.#hashes = hashes;
  }

  /** Takes all of these for right until they are read. */
  trust(pieces: Bitfield): void {
    this.#trusted = pieces.isEmpty ? null : pieces.clone();
  }

  /** None of them is looked at any more, and none that is added later. */
  believe(): void {
    this.stop();
    this.#trusted = null;
    this.#believes = true;
  }

  /** One more. */
  add(piece: PieceIndex): void {
    if (this.#believes) return;
    this.#trusted ??= new Bitfield(this.#pieceCount);
    this.#trusted.set(piece);
  }

  has(piece: PieceIndex): boolean {
    return this.#trusted !== null && this.#trusted.get(piece);
  }

  /** The piece was hashed by somebody else, or is not claimed any more. */
  forget(piece: PieceIndex): void {
    if (this.#trusted === null || !this.#trusted.clear(piece)) return;
    this.#waiting.delete(piece);
    if (this.#trusted.isEmpty) this.#trusted = null;
  }

  /** Has the piece hashed, after those that wait already. */
  prove(piece: PieceIndex): void {
    if (!this.has(piece) || this.#underWay.has(piece)) return;
    this.#waiting.add(piece);
    this.#start();
  }

  /** The piece will be read, but others come first. */
  proveSoon(piece: PieceIndex): void {
    if (this.#trusted !== null && this.#waiting.size < LOOK_AHEAD) this.prove(piece);
  }

  /** Hashes the pieces, and what the owner adds when one is damaged; resolves when nothing is left of that. */
  async proveAll(
    pieces: Iterable<PieceIndex>,
    onProgress: (done: number, total: number) => void,
  ): Promise<void> {
    let done = 0;
    this.#onHashed = () => onProgress(++done, done + this.#waiting.size + this.#underWay.size);
    for (const piece of pieces) this.prove(piece);
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    this.#onHashed = null;
  }

  /** What waits is not hashed for now. */
  stop(): void {
    this.#waiting.clear();
    this.#tellIdle();
  }

  #start(): void {
    for (const piece of this.#waiting) {
      if (this.#underWay.size >= UNDER_WAY) return;
      this.#waiting.delete(piece);
      this.#underWay.add(piece);
      this.#disk.hash(this.#storage, piece, this.#hashes, (error, digest) => {
        this.#underWay.delete(piece);
        this.#onDigest(piece, error, digest);
        this.#onHashed?.();
        this.#start();
        this.#tellIdle();
      });
    }
  }

  #onDigest(piece: PieceIndex, error: ShoalError | null, digest: PieceDigest | null): void {
    if (!this.has(piece) || error?.code === "ERR_CLOSED") return;
    if (error !== null) {
      this.#owner.onReadError(piece, error);
      return;
    }
    this.forget(piece);
    if (digest !== null && this.#hashes.verify(piece, digest)) this.#owner.onProved(piece, digest);
    else this.#owner.onDamaged(piece);
  }

  #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#underWay.size === 0;
  }

  #tellIdle(): void {
    if (!this.#isIdle()) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

import { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { type FilePriority, SKIP } from "../core/file-selection.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import { suspectPieces } from "../core/suspect-blocks.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import type { PieceDigest } from "../ports/disk.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { CheckProgress, TorrentEvent } from "./events.ts";
import type { FileStats } from "./file-watch.ts";
import { PartData } from "./part-data.ts";
import { LayerProof } from "./layer-proof.ts";
import { LostPieces, type LostPiecesOwner } from "./lost-pieces.ts";
import { type Found, PieceCheck, type PiecesParts } from "./piece-check.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";
import { TrustedPieces } from "./trusted-pieces.ts";

const NOT_WANTED = 0;
/** Files whose pieces get their priority one file at a time; beyond that all pieces do. */
const FEW_FILES = 8;

export interface PiecesOwner {
  emit(event: TorrentEvent): void;
  /** A piece that was claimed by resume data has been hashed and may be read. */
  onProved(): void;
  /** Pieces that were claimed are not there any more. */
  onLost(pieces: readonly PieceIndex[]): void;
  /** Pieces that were lost are there again. */
  onFound(pieces: readonly PieceIndex[]): void;
  onWarning(error: ShoalError): void;
  /** Files that are being written to are gone or others: `reopen` finds out. */
  onFilesAway(): void;
  /** The torrent can't be used. */
  onFailure(error: ShoalError): void;
  onCheckLine(): void;
}

/** Which pieces are wanted, and which are there: found at the start, verified, counted, and lost when a file changes. */
export class TorrentPieces implements LostPiecesOwner {
  readonly lost: LostPieces;
  readonly #context: SessionContext;
  readonly #owner: PiecesOwner;
  readonly #layout: Layout;
  readonly #options: AddOptions;
  readonly #files: TorrentFiles;
  readonly #hashes: PieceHashes;
  readonly #picker: PiecePicker;
  readonly #journal: TorrentJournal | null;
  readonly #part: PartData | null;
  readonly #proof: LayerProof;
  readonly #trusted: TrustedPieces;
  readonly #check: PieceCheck;
  /** Files of which a damaged piece was told. */
  readonly #damaged: Set<string> = new Set();
  #opened = false;

  constructor(context: SessionContext, owner: PiecesOwner, parts: PiecesParts) {
    this.#context = context;
    this.#owner = owner;
    this.#layout = parts.layout;
    this.#options = parts.options;
    this.#files = parts.files;
    this.#hashes = parts.hashes;
    this.#picker = parts.picker;
    this.#journal = parts.journal;
    this.lost = new LostPieces(context, this, parts.layout, parts.files);
    this.#part =
      parts.journal === null || this.isSeedOnly
        ? null
        : new PartData(context, parts.layout, parts.files, parts.picker, parts.journal);
    const { storage } = parts.files;
    this.#proof = new LayerProof(context.disk, storage, parts.hashes, (error) => owner.onFailure(error));
    this.#trusted = new TrustedPieces(this, context.disk, storage, parts.hashes, parts.layout.pieceCount);
    this.#check = new PieceCheck(context, this, parts, this.#trusted, this.#part);
    this.#applyPriorities();
  }

  /** All wanted pieces are verified. */
  get isComplete(): boolean {
    if (!this.#opened || !this.lost.isEmpty) return false;
    if (this.#options.seedOnly === true) return this.#picker.have.isFull;
    return !this.wantsPieces;
  }

  /** Pieces are to be fetched. */
  get wantsPieces(): boolean {
    if (this.#options.seedOnly === true) return false;
    return !this.#picker.isFinished || this.#lacksLayers();
  }

  has(piece: PieceIndex): boolean {
    return this.#picker.have.get(piece);
  }

  /**
   * Finds out what is on disk and makes ready to write; false when that was cancelled. Throws ERR_FILE_EXISTS, ERR_NO_SPACE
   * and ERR_DISK before anything is changed; and ERR_FILES_MISSING, unless `refetches`, when a torrent that a program keeps has
   * lost files since the last run.
   */
  async open(refetches: boolean): Promise<boolean> {
    if (this.#opened) return true;
    const found = await this.#check.find(refetches);
    if (found === null) {
      this.loseAll();
      this.lost.forget();
      return false;
    }
    if (!this.isSeedOnly) await this.#files.assertSpace();
    await this.#makeReady(found, this.#options.existing === "overwrite");
    if (found.part !== null) {
      const { files, pieces } = found.part;
      await this.#part!.fill(files, pieces);
      await this.#checkClaims(pieces);
    }
    this.#opened = true;
    return true;
  }

  /**
   * For a download that was stopped: finds out what became of its files. Throws ERR_FILES_MISSING and ERR_FILE_CHANGED unless they
   * are what they were; with `refetches`, what is missing is fetched again.
   */
  async reopen(refetches: boolean): Promise<void> {
    if (!this.isDownloading) return;
    // All that the journal may claim: what is not there any more it must not.
    const claimed = this.#picker.have.clone();
    for (const piece of [...this.lost.pieces, ...this.#picker.partialPieces()]) claimed.set(piece);
    const overwrites = this.#options.existing === "overwrite";
    if (!(await this.lost.settle({ refetches, overwrites }))) return;
    this.#applyPriorities();
    await this.#makeReady({ stats: await this.#files.stat(), claimed, part: null }, true);
  }

  /**
   * Takes over priorities of files. Throws ERR_INVALID_ARGUMENT, and for files that are wanted now and were not before
   * ERR_NO_SPACE, ERR_FILE_EXISTS and ERR_DISK; then nothing has changed.
   */
  async setPriorities(priorities: ReadonlyMap<FileIndex, FilePriority>): Promise<void> {
    const files = this.#files;
    files.selection.assertFits(priorities);
    if (this.#part === null)
      throw new ShoalError("ERR_INVALID_ARGUMENT", "A torrent that is only shared fetches no files");
    const revived = files.skipped.filter((file) => (priorities.get(file) ?? SKIP) !== SKIP);
    let moved: PieceIndex[] = [];
    if (this.#opened) {
      await files.assertSpace(priorities);
      if (revived.length > 0) moved = await this.#revive(this.#part, revived);
    }
    this.#applyTo(files.changePriorities(priorities));
    this.#journal?.rememberPriorities(files.selection.exceptions());
    try {
      if (moved.length > 0) await this.#checkClaims(moved);
    } finally {
      if (this.#opened && revived.length > 0) await this.#part.drop();
    }
  }

  async #revive(part: PartData, files: readonly FileIndex[]): Promise<PieceIndex[]> {
    const overwrites = this.#options.existing === "overwrite";
    const moved = await part.revive(files, overwrites);
    // What somebody else has put there may be longer.
    if (overwrites) await this.#context.disk.prepare(this.#files.storage, { truncateLonger: true });
    return moved;
  }

  /** The first and last bytes of each file come first, or not. */
  setFirstLast(on: boolean): void {
    this.#files.selection.firstLast = on;
    this.#applyPriorities();
  }

  /**
   * Compares everything with the hashes again; nothing may be under way. Returns the pieces that are there and were not claimed;
   * null when it was cancelled: the claims are what they were then.
   */
  async recheck(): Promise<PieceIndex[] | null> {
    this.#context.disk.reopen(this.#files.storage);
    const { have } = this.#picker;
    const before = have.clone();
    const checked = await this.#check.everything();
    if (checked === null) return null;
    const { stats, right } = checked;
    // Also what was found again in another way meanwhile has to pass.
    const wrong = [...have].filter((piece) => !right.get(piece));
    for (const piece of wrong) this.#loseHave(piece);
    const skipped = new Set(this.#files.skipped);
    const sizes = stats.map((stat, index) => (skipped.has(index) ? Infinity : (stat?.size ?? -1)));
    const masks = this.#picker.blockMasks();
    for (const piece of suspectPieces(this.#layout, masks, wrong, sizes)) this.discard(piece);
    this.lost.forget();
    this.#damaged.clear();
    this.#applyPriorities();
    await this.#journal?.replace(have);
    await this.#makeReady({ stats, claimed: have, part: null }, true);
    if (wrong.length > 0) this.#owner.onLost(wrong);
    return [...right].filter((piece) => !before.get(piece));
  }

  /** Ends a check of `open` or `recheck` soon. */
  cancelCheck(): void {
    this.#check.cancel();
  }

  /** See `PieceCheck.before`. */
  get checksBefore(): number | null {
    return this.#check.before;
  }

  onCheckLine(): void {
    this.#owner.onCheckLine();
  }

  /** Nothing is read any more for now. */
  stop(): void {
    this.lost.stop();
    this.#trusted.stop();
  }

  /** Somebody asks for bytes of the piece. */
  willRead(piece: PieceIndex): void {
    this.#trusted.proveSoon(piece);
  }

  /** False while the piece has to be hashed first: nothing that was only believed is given to others. */
  mayRead(piece: PieceIndex): boolean {
    if (!this.#trusted.has(piece)) return true;
    this.#trusted.prove(piece);
    return false;
  }

  onChecked(progress: CheckProgress): void {
    this.#owner.emit({ type: "checked", ...progress });
  }

  onProved(piece: PieceIndex, digest: PieceDigest): void {
    this.#proof.onVerified(piece, digest);
    this.#owner.onProved();
  }

  onReadError(piece: PieceIndex, error: ShoalError): void {
    this.lost.onReadError(piece, error);
  }

  /**
   * A piece was recorded as verified, and is wrong on disk. The rest of its files is looked at, too. What we download is fetched
   * again.
   */
  onDamaged(piece: PieceIndex): void {
    for (const file of this.#layout.filesInPiece(piece)) {
      for (let other = file.firstPiece; other < file.endPiece; other++) this.#trusted.prove(other);
    }
    const path = this.#files.pathOf(piece);
    const then = this.isSeedOnly ? "it is not shared any more" : "it is fetched again";
    const message = `${path} is damaged on disk: a part of it is not what was verified earlier; ${then}`;
    const error = new ShoalError("ERR_VERIFY", message, { path });
    if (this.isSeedOnly) {
      this.lost.onReadError(piece, error);
      return;
    }
    this.#loseHave(piece);
    this.disown(piece);
    this.onLost([piece]);
    if (!this.#damaged.has(path)) this.onWarning(error);
    this.#damaged.add(path);
  }

  /** A downloaded piece passed; the picker knows. */
  onVerified(piece: PieceIndex, digest: PieceDigest): void {
    this.#journal?.onPiece(piece, this.#layout, this.#files);
    this.#proof.onVerified(piece, digest);
    this.#files.count(piece, true);
  }

  /** The hashes of a file's pieces became known: they can be requested now, and what passed by SHA-1 alone must pass by them too. */
  onPieceLayer(file: LayoutFile): void {
    this.#applyPriorities(file.firstPiece, file.endPiece);
    this.#proof.onLayer(file, this.#picker.have);
  }

  /** Data is wanted that is not there, besides what was lost. */
  get isDownloading(): boolean {
    return this.#opened && !this.isSeedOnly && !this.#picker.isFinished;
  }

  get isSeedOnly(): boolean {
    return this.#options.seedOnly === true;
  }

  take(piece: PieceIndex): void {
    this.claim(piece, null);
    this.#trusted.add(piece);
  }

  drop(piece: PieceIndex): void {
    this.#picker.setPriority(piece, NOT_WANTED);
    this.#loseHave(piece);
  }

  disown(piece: PieceIndex): void {
    this.#journal?.onLost(piece);
  }

  discard(piece: PieceIndex): void {
    this.#picker.onHashFailed(piece, null);
  }

  refetch(piece: PieceIndex): void {
    this.#applyPriorities(piece, piece + 1);
  }

  check(pieces: Bitfield): Promise<void> {
    return this.#check.of(pieces, "changed");
  }

  onLost(pieces: readonly PieceIndex[]): void {
    this.#owner.onLost(pieces);
  }

  onFound(pieces: readonly PieceIndex[]): void {
    for (const piece of pieces) this.#applyPriorities(piece, piece + 1);
    this.#journal?.onFound(pieces);
    this.#owner.onFound(pieces);
  }

  onWarning(error: ShoalError): void {
    this.#owner.onWarning(error);
  }

  onFilesAway(): void {
    this.#owner.onFilesAway();
  }

  /** Whether files that kept it from being opened are there again. */
  async hasAllFiles(): Promise<boolean> {
    return this.#journal === null || this.#files.gone(await this.#files.stat(), this.#journal) === null;
  }

  /** Records what was found, and makes ready to write; `takesOver`: also to files that are in the way. */
  async #makeReady({ stats, claimed }: Found, takesOver: boolean): Promise<void> {
    const files = this.#files;
    const { have } = this.#picker;
    const writes = !this.isSeedOnly && (this.wantsPieces || files.lackFiles(stats));
    const priorities = this.isSeedOnly ? null : files.selection.exceptions();
    const found = { stats, have, claimed, writes, takesOver, priorities };
    await this.#journal?.begin(this.#layout, files, found);
    let current: FileStats | null = null;
    if (!this.isSeedOnly) {
      const truncateLonger = this.#options.existing === "overwrite";
      current = await this.#context.disk.prepare(files.storage, { truncateLonger });
      await this.#journal?.onFilesCreated(this.#layout, current);
    }
    this.lost.reset(stats, current ?? (await files.stat()));
  }

  /** Hashes pieces whose bytes went elsewhere: claimed are those that are right, fetched again the others. */
  async #checkClaims(pieces: readonly PieceIndex[]): Promise<void> {
    const right = new Map<PieceIndex, PieceDigest>();
    const wanted = new Bitfield(this.#layout.pieceCount);
    for (const piece of pieces) wanted.set(piece);
    await this.#files.check(
      wanted,
      this.#hashes,
      (piece, digest) => void right.set(piece, digest),
      () => {},
    );
    const wrong = pieces.filter((piece) => !right.has(piece) && this.has(piece));
    for (const piece of wrong) {
      this.#loseHave(piece);
      this.#journal?.onLost(piece);
    }
    for (const [piece, digest] of right) this.claim(piece, digest);
    this.#journal?.onFound([...right.keys()]);
    if (wrong.length > 0) this.#owner.onLost(wrong);
  }

  /** No piece is claimed any more, and no block of one. */
  loseAll(): void {
    for (const piece of [...this.#picker.have]) this.#loseHave(piece);
    for (const piece of [...this.#picker.partialPieces()]) this.#picker.onHashFailed(piece, null);
  }

  /** A piece is there; `digest` is what was found, null when that is believed. */
  claim(piece: PieceIndex, digest: PieceDigest | null): void {
    this.#trusted.forget(piece);
    if (digest !== null) this.#proof.onVerified(piece, digest);
    if (this.has(piece)) return;
    this.#picker.setHave(piece);
    this.#files.count(piece, true);
  }

  #loseHave(piece: PieceIndex): void {
    this.#trusted.forget(piece);
    this.#picker.clearHave(piece);
    this.#proof.onLost(piece);
    this.#files.count(piece, false);
  }

  #applyTo(files: readonly FileIndex[]): void {
    if (files.length > FEW_FILES) {
      this.#applyPriorities();
      return;
    }
    for (const index of files) {
      const { firstPiece, endPiece } = this.#layout.files[index]!;
      this.#applyPriorities(firstPiece, endPiece);
    }
  }

  /** What is not wanted, or can't be verified yet, is not requested. */
  #applyPriorities(from: PieceIndex = 0, end: PieceIndex = this.#layout.pieceCount): void {
    const seedOnly = this.#options.seedOnly === true;
    for (let piece = from; piece < end; piece++) {
      const useful = !seedOnly && !this.lost.pieces.has(piece) && this.#hashes.canVerify(piece);
      this.#picker.setPriority(piece, useful ? this.#files.selection.piecePriority(piece) : NOT_WANTED);
    }
  }

  /** Wanted pieces wait for hashes. */
  #lacksLayers(): boolean {
    if (this.#hashes.sha1 || this.#options.seedOnly === true) return false;
    return this.#hashes.missingLayers().some((file) => this.#files.selection.isWanted(file.index));
  }
}

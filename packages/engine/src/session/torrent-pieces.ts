import { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { filesError, type FilesTrouble } from "../core/explain.ts";
import { type FilePriority, SKIP } from "../core/file-selection.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import type { FileStat, PieceDigest } from "../ports/disk.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import { PartData } from "./part-data.ts";
import { LayerProof } from "./layer-proof.ts";
import { LostPieces, type LostPiecesOwner } from "./lost-pieces.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";
import type { TorrentPlace } from "./torrent-place.ts";

const NOT_WANTED = 0;
/** Files whose pieces get their priority one file at a time; beyond that all pieces do. */
const FEW_FILES = 8;
const CHECK_PROGRESS_MS = 100;

export interface PiecesOwner {
  onChecked(checkedPieces: number, pieceCount: number): void;
  /** Pieces that were claimed are not there any more. */
  onLost(pieces: readonly PieceIndex[]): void;
  /** Pieces that were lost are there again. */
  onFound(pieces: readonly PieceIndex[]): void;
  onWarning(error: ShoalError): void;
  /** Files that are being written to are gone or others: `reopen` finds out. */
  onFilesAway(): void;
  /** The torrent can't be used. */
  onFailure(error: ShoalError): void;
}

/** The parts of a torrent's content that are about which pieces are there. */
export interface PiecesParts {
  readonly layout: Layout;
  readonly options: AddOptions;
  readonly files: TorrentFiles;
  readonly hashes: PieceHashes;
  readonly picker: PiecePicker;
  /** Null for a torrent that is only shared. */
  readonly journal: TorrentJournal | null;
  readonly place: TorrentPlace;
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
  readonly #place: TorrentPlace;
  readonly #proof: LayerProof;
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
    this.#place = parts.place;
    this.#part =
      parts.journal === null
        ? null
        : new PartData(context, parts.layout, parts.files, parts.picker, parts.journal);
    const { storage } = parts.files;
    this.#proof = new LayerProof(context.disk, storage, parts.hashes, (error) => owner.onFailure(error));
    this.#applyPriorities();
  }

  /** All wanted pieces are verified. */
  get isComplete(): boolean {
    if (!this.#opened || !this.lost.isEmpty) return false;
    if (this.#options.seedOnly === true) return this.#picker.have.isFull;
    return this.#picker.isFinished && !this.#lacksLayers();
  }

  has(piece: PieceIndex): boolean {
    return this.#picker.have.get(piece);
  }

  /**
   * Finds out what is on disk and makes ready to write. Throws ERR_FILE_EXISTS, ERR_NO_SPACE and ERR_DISK before anything is
   * changed; and ERR_FILES_MISSING, unless `refetches`, when a torrent that a program keeps has lost files since the last run.
   */
  async open(refetches: boolean): Promise<void> {
    if (this.#opened) return;
    const { check = "resume" } = this.#options;
    if (check === "none") for (const piece of this.#all()) this.take(piece);
    else if (this.#journal === null) await this.check(this.#all());
    else await this.#openForDownload(this.#journal, check === "full", refetches);
    this.#opened = true;
    await this.lost.reset();
  }

  /**
   * For a download that was stopped: finds out what became of its files. Throws ERR_FILES_MISSING and ERR_FILE_CHANGED unless they
   * are what they were; with `refetches`, what is missing is fetched again.
   */
  async reopen(refetches: boolean): Promise<void> {
    const journal = this.#journal;
    if (journal === null || !this.isDownloading) return;
    // All that the journal may claim: what is not there any more it must not.
    const claimed = this.#picker.have.clone();
    for (const piece of [...this.lost.pieces, ...this.#picker.partialPieces()]) claimed.set(piece);
    const overwrites = this.#options.existing === "overwrite";
    if (!(await this.lost.settle({ refetches, overwrites }))) return;
    this.#applyPriorities();
    await this.#begin(journal, await this.#files.stat(), claimed, true);
    await this.lost.reset();
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
      if (revived.length > 0) moved = await this.#part.revive(revived);
    }
    this.#applyTo(files.changePriorities(priorities));
    this.#journal?.rememberPriorities(files.selection.exceptions());
    if (moved.length > 0) await this.#checkClaims(moved);
    if (this.#opened && revived.length > 0) await this.#part.drop();
  }

  /** The first and last bytes of each file come first, or not. */
  setFirstLast(on: boolean): void {
    this.#files.selection.firstLast = on;
    this.#applyPriorities();
  }

  /** Compares everything with the hashes again. Nothing may be under way. */
  async recheck(): Promise<void> {
    for (const piece of [...this.#picker.have]) this.#loseHave(piece);
    for (const piece of [...this.#picker.partialPieces()]) this.#picker.onHashFailed(piece, null);
    this.#context.disk.reopen(this.#files.storage);
    this.lost.forget();
    this.#applyPriorities();
    await this.check(this.#all());
    if (this.#journal !== null) {
      await this.#journal.replace(this.#picker.have);
      await this.#begin(this.#journal, await this.#files.stat(), this.#picker.have, true);
    }
    await this.lost.reset();
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
    return this.#opened && this.#journal !== null && !this.#picker.isFinished;
  }

  get isSeedOnly(): boolean {
    return this.#options.seedOnly === true;
  }

  take(piece: PieceIndex): void {
    if (this.has(piece)) return;
    this.#picker.setHave(piece);
    this.#files.count(piece, true);
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

  async #openForDownload(journal: TorrentJournal, fullCheck: boolean, refetches: boolean): Promise<void> {
    const files = this.#files;
    const part = this.#part!;
    await this.#place.recover();
    const revived = await part.settle();
    let stats = await files.stat();
    this.#tellGone(files.gone(stats, journal), refetches);
    const resumed = journal.resume(stats, this.#layout);
    const fillable = part.mayFill(revived, stats);
    const inPart = this.#piecesOf(fillable, resumed.recheck);
    const [foreign] = files.foreign(stats, journal);
    const overwrite = this.#options.existing === "overwrite";
    if (foreign !== undefined) {
      if (!overwrite && !files.areFullSize(stats)) throw files.fileExists(foreign.index);
      await this.check(this.#all());
      if (!overwrite && !this.#picker.isFinished) {
        for (const piece of [...this.#picker.have]) this.#loseHave(piece);
        throw files.fileExists(foreign.index);
      }
    } else if (fullCheck) {
      await this.check(this.#all());
    } else {
      for (const piece of resumed.claimed) this.take(piece);
      for (const piece of inPart) resumed.recheck.clear(piece);
      await this.check(resumed.recheck);
      for (const [piece, mask] of resumed.masks) this.#picker.restoreBlocks(piece, mask);
    }
    await files.assertSpace();
    // A check takes long enough for files to change.
    if (foreign !== undefined || fullCheck || !resumed.recheck.isEmpty) stats = await files.stat();
    await this.#begin(journal, stats, resumed.claimed, overwrite);
    if (revived.length === 0) return;
    await part.fill(fillable, inPart);
    await this.#checkClaims(inPart);
  }

  /** Files are never made anew without a word: a drive may be missing. Somebody who asks for a download again wants them. */
  #tellGone(gone: FilesTrouble | null, refetches: boolean): void {
    if (gone === null || refetches) return;
    const error = filesError(gone, this.#files.root);
    if (this.#options.load !== undefined) throw error;
    this.#owner.onWarning(new ShoalError(error.code, `${error.message} and fetched again`, error.details));
  }

  /** Whether files that kept it from being opened are there again. */
  async hasAllFiles(): Promise<boolean> {
    return this.#journal === null || this.#files.gone(await this.#files.stat(), this.#journal) === null;
  }

  /** Makes ready to write. `claimed`: what the journal claims; `takesOver`: files that are in the way are written to. */
  async #begin(
    journal: TorrentJournal,
    stats: readonly (FileStat | null)[],
    claimed: Bitfield,
    takesOver: boolean,
  ): Promise<void> {
    const files = this.#files;
    await journal.begin(this.#layout, files, stats, this.#picker.have, claimed, takesOver);
    const truncateLonger = this.#options.existing === "overwrite";
    const created = await this.#context.disk.prepare(files.storage, { truncateLonger });
    await journal.onFilesCreated(this.#layout, created);
  }

  /** Of `among`, those with bytes of the files. */
  #piecesOf(files: readonly FileIndex[], among: Bitfield): PieceIndex[] {
    const found = new Set<PieceIndex>();
    for (const index of files) {
      const { firstPiece, endPiece } = this.#layout.files[index]!;
      for (let piece = firstPiece; piece < endPiece; piece++) if (among.get(piece)) found.add(piece);
    }
    return [...found];
  }

  /** Hashes pieces whose bytes went elsewhere: claimed are those that are right, fetched again the others. */
  async #checkClaims(pieces: readonly PieceIndex[]): Promise<void> {
    const right = new Set<PieceIndex>();
    const wanted = new Bitfield(this.#layout.pieceCount);
    for (const piece of pieces) wanted.set(piece);
    await this.#files.check(
      wanted,
      this.#hashes,
      (piece) => void right.add(piece),
      () => {},
    );
    const wrong = pieces.filter((piece) => !right.has(piece) && this.has(piece));
    for (const piece of wrong) {
      this.#loseHave(piece);
      this.#journal?.onLost(piece);
    }
    for (const piece of right) this.take(piece);
    this.#journal?.onFound([...right]);
    if (wrong.length > 0) this.#owner.onLost(wrong);
  }

  #all(): Bitfield {
    const all = new Bitfield(this.#layout.pieceCount);
    all.setAll();
    return all;
  }

  async check(pieces: Bitfield): Promise<void> {
    let told = -Infinity;
    await this.#files.check(
      pieces,
      this.#hashes,
      (piece, digest) => {
        this.#proof.onVerified(piece, digest);
        this.take(piece);
      },
      (done, total) => {
        const now = this.#context.now();
        if (done < total && now - told < CHECK_PROGRESS_MS) return;
        told = now;
        this.#owner.onChecked(done, total);
      },
    );
  }

  #loseHave(piece: PieceIndex): void {
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

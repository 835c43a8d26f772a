import { Bitfield } from "../base/bitfield.ts";
import type { Millis, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import type { PieceDigest } from "../ports/disk.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import { LayerProof } from "./layer-proof.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";

const WANTED = 4;
const NOT_WANTED = 0;
const CHECK_PROGRESS_MS = 100;

export interface PiecesOwner {
  onChecked(checkedPieces: number, pieceCount: number): void;
  /** Pieces that were claimed are not there any more. */
  onLost(pieces: readonly PieceIndex[]): void;
  /** Pieces that were lost are there again. */
  onFound(pieces: readonly PieceIndex[]): void;
  onWarning(error: ShoalError): void;
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
}

/** Which pieces are wanted, and which are there: found at the start, verified, counted, and lost when a file changes. */
export class TorrentPieces {
  readonly #context: SessionContext;
  readonly #owner: PiecesOwner;
  readonly #layout: Layout;
  readonly #options: AddOptions;
  readonly #files: TorrentFiles;
  readonly #hashes: PieceHashes;
  readonly #picker: PiecePicker;
  readonly #journal: TorrentJournal | null;
  readonly #proof: LayerProof;
  /** Pieces that were there and are not any more. */
  readonly #lost: Set<PieceIndex> = new Set();
  /** Files that changed on disk and were told of. */
  readonly #warnedOf: Set<string> = new Set();
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
    const { storage } = parts.files;
    this.#proof = new LayerProof(context.disk, storage, parts.hashes, (error) => owner.onFailure(error));
    this.#applyPriorities();
  }

  /** All wanted pieces are verified. */
  get isComplete(): boolean {
    if (!this.#opened || this.#lost.size > 0) return false;
    if (this.#options.seedOnly === true) return this.#picker.have.isFull;
    return this.#picker.isFinished && !this.#lacksLayers();
  }

  has(piece: PieceIndex): boolean {
    return this.#picker.have.get(piece);
  }

  /**
   * Finds out what is on disk and makes ready to write. Throws ERR_FILE_EXISTS, ERR_NO_SPACE and ERR_DISK before anything is
   * changed.
   */
  async open(): Promise<void> {
    if (this.#opened) return;
    const { check = "resume" } = this.#options;
    if (check === "none") for (const piece of this.#all()) this.#setHave(piece);
    else if (this.#journal === null) await this.#check(this.#all());
    else await this.#openForDownload(this.#journal, check === "full");
    this.#opened = true;
    await this.#files.rememberStats();
  }

  /** Compares everything with the hashes again. Nothing may be under way. */
  async recheck(): Promise<void> {
    for (const piece of [...this.#picker.have]) this.#loseHave(piece);
    for (const piece of [...this.#picker.partialPieces()]) this.#picker.onHashFailed(piece, null);
    this.#warnedOf.clear();
    this.#lost.clear();
    this.#applyPriorities();
    await this.#check(this.#all());
    await this.#journal?.replace(this.#picker.have);
    await this.#files.rememberStats();
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

  /** What is served must be what was verified: false when the files were not looked at lately. */
  get isFresh(): boolean {
    return this.#files.isWatched(this.#context.now());
  }

  /** The files are to be looked at before anything of them is served. */
  distrustFiles(): void {
    this.#files.forgetWatch();
  }

  /** Looks at the files when that is due; true when it has. */
  look(now: Millis): Promise<boolean> {
    return this.#files.watch(now, (file) => {
      this.#onFileChanged(file).catch((error: unknown) => {
        // The torrent was closed meanwhile.
        if (!(error instanceof ShoalError)) throw error;
      });
    });
  }

  /** A piece could not be read. */
  onReadError(piece: PieceIndex, error: ShoalError): void {
    if (!this.has(piece)) return;
    this.#files.forgetWatch();
    this.#lose([piece], error);
  }

  async #openForDownload(journal: TorrentJournal, fullCheck: boolean): Promise<void> {
    const files = this.#files;
    const stats = await files.stat();
    const resumed = journal.resume(stats, this.#layout);
    const [foreign] = files.foreign(stats, journal);
    const overwrite = this.#options.existing === "overwrite";
    if (foreign !== undefined) {
      if (!overwrite && !files.areFullSize(stats)) throw files.fileExists(foreign.index);
      await this.#check(this.#all());
      if (!overwrite && !this.#picker.isFinished) {
        for (const piece of [...this.#picker.have]) this.#loseHave(piece);
        throw files.fileExists(foreign.index);
      }
    } else if (fullCheck) {
      await this.#check(this.#all());
    } else {
      for (const piece of resumed.claimed) this.#setHave(piece);
      await this.#check(resumed.recheck);
      for (const [piece, mask] of resumed.masks) this.#picker.restoreBlocks(piece, mask);
    }
    await files.assertSpace();
    const { have } = this.#picker;
    const { downloadDir } = this.#options;
    await journal.begin(this.#layout, downloadDir, files, stats, have, resumed.claimed, overwrite);
    await this.#context.disk.prepare(files.storage, { truncateLonger: overwrite });
    await journal.onFilesCreated(this.#layout, files);
  }

  #all(): Bitfield {
    const all = new Bitfield(this.#layout.pieceCount);
    all.setAll();
    return all;
  }

  async #check(pieces: Bitfield): Promise<void> {
    let told = -Infinity;
    await this.#files.check(
      pieces,
      this.#hashes,
      (piece, digest) => {
        this.#proof.onVerified(piece, digest);
        this.#setHave(piece);
      },
      (done, total) => {
        const now = this.#context.now();
        if (done < total && now - told < CHECK_PROGRESS_MS) return;
        told = now;
        this.#owner.onChecked(done, total);
      },
    );
  }

  #setHave(piece: PieceIndex): void {
    if (this.has(piece)) return;
    this.#picker.setHave(piece);
    this.#files.count(piece, true);
  }

  #loseHave(piece: PieceIndex): void {
    this.#picker.clearHave(piece);
    this.#proof.onLost(piece);
    this.#files.count(piece, false);
  }

  /** What is not wanted, or can't be verified yet, is not requested. */
  #applyPriorities(from: PieceIndex = 0, end: PieceIndex = this.#layout.pieceCount): void {
    const seedOnly = this.#options.seedOnly === true;
    for (let piece = from; piece < end; piece++) {
      const useful = !this.#lost.has(piece) && this.#hashes.canVerify(piece);
      const wanted = !seedOnly && useful && this.#files.isWantedPiece(piece);
      this.#picker.setPriority(piece, wanted ? WANTED : NOT_WANTED);
    }
  }

  /** Wanted pieces wait for hashes. */
  #lacksLayers(): boolean {
    if (this.#hashes.sha1 || this.#options.seedOnly === true) return false;
    return this.#hashes.missingLayers().some((file) => this.#files.isWantedFile(file.index));
  }

  /** Somebody changed a file that we share. What of it is still right is shared again. */
  async #onFileChanged(file: LayoutFile): Promise<void> {
    const path = this.#files.paths[file.index]!;
    const pieces: PieceIndex[] = [];
    for (let piece = file.firstPiece; piece < file.endPiece; piece++) {
      if (this.has(piece)) pieces.push(piece);
    }
    this.#lose(pieces, new ShoalError("ERR_FILE_CHANGED", `${path} changed on disk`, { path }));
    const lost = new Bitfield(this.#layout.pieceCount);
    for (const piece of pieces) lost.set(piece);
    await this.#check(lost);
    const found = pieces.filter((piece) => this.has(piece));
    for (const piece of found) this.#lost.delete(piece);
    this.#applyPriorities(file.firstPiece, file.endPiece);
    this.#journal?.onFound(found);
    if (found.length === pieces.length) this.#warnedOf.delete(path);
    this.#owner.onFound(found);
  }

  /** Takes claims back. What was downloaded once is not fetched again over somebody's changes. */
  #lose(pieces: readonly PieceIndex[], error: ShoalError): void {
    for (const piece of pieces) {
      this.#lost.add(piece);
      this.#picker.setPriority(piece, NOT_WANTED);
      this.#loseHave(piece);
      this.#journal?.onLost(piece);
    }
    this.#owner.onLost(pieces);
    const { path } = error.details;
    const about = typeof path === "string" ? path : error.message;
    if (this.#warnedOf.has(about)) return;
    this.#warnedOf.add(about);
    this.#owner.onWarning(error);
  }
}

import { Bitfield } from "../base/bitfield.ts";
import type { Millis, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { type DiskTrouble, filesError, type FilesTrouble } from "../core/disk-trouble.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import type { Timer } from "../ports/clock.ts";
import type { SessionContext } from "./context.ts";
import type { FileChange, FileStats, FileWatch } from "./file-watch.ts";
import type { TorrentFiles } from "./torrent-files.ts";

/** How often files that are not what they should be are looked at: at first, and at last. */
const FIRST_LOOK: Millis = 2_000;
const LAST_LOOK: Millis = 60_000;

/** What losing and finding pieces asks and tells their owner. */
export interface LostPiecesOwner {
  /** Wanted data is still missing, besides what was lost: files are written to. */
  readonly isDownloading: boolean;
  /** Nothing but sharing is meant: all files are expected to be there. */
  readonly isSeedOnly: boolean;
  has(piece: PieceIndex): boolean;
  take(piece: PieceIndex): void;
  /** The piece is not there now. */
  drop(piece: PieceIndex): void;
  /** The piece will not be there again by itself: the next run must not claim it. */
  disown(piece: PieceIndex): void;
  /** Received blocks of a piece that is not verified are not there any more. */
  discard(piece: PieceIndex): void;
  /** The piece is wanted like any other that is not there. */
  refetch(piece: PieceIndex): void;
  /** Compares the pieces with their hashes, and takes those that are right. */
  check(pieces: Bitfield): Promise<void>;
  onLost(pieces: readonly PieceIndex[]): void;
  onFound(pieces: readonly PieceIndex[]): void;
  onWarning(error: ShoalError): void;
  /** Files that are being written to are gone or others. */
  onFilesAway(): void;
}

/**
 * Pieces that were there and are not any more, because their files are gone, are others, or can't be read. They are taken back
 * from peers at once, not fetched again over what somebody did, and looked for until they are there again.
 */
export class LostPieces {
  readonly watch: FileWatch;
  readonly #context: SessionContext;
  readonly #owner: LostPiecesOwner;
  readonly #layout: Layout;
  readonly #files: TorrentFiles;
  readonly #lost: Set<PieceIndex> = new Set();
  /** Lost pieces that could not be read. */
  readonly #unread: Set<PieceIndex> = new Set();
  #readError: ShoalError | null = null;
  /** Files whose trouble was told. */
  readonly #told: Set<string> = new Set();
  #timer: Timer | null = null;
  #pause: Millis = FIRST_LOOK;
  #active = false;
  /** What changes lead to is done one after another. */
  #steps: Promise<void> = Promise.resolve();

  constructor(context: SessionContext, owner: LostPiecesOwner, layout: Layout, files: TorrentFiles) {
    this.#context = context;
    this.#owner = owner;
    this.#layout = layout;
    this.#files = files;
    this.watch = files.watch;
  }

  get isEmpty(): boolean {
    return this.#lost.size === 0;
  }

  get pieces(): ReadonlySet<PieceIndex> {
    return this.#lost;
  }

  /** What is wrong with the files; null when nothing is. */
  get trouble(): DiskTrouble | null {
    const files = this.#filesTrouble();
    if (files !== null) return { ...files, path: `${this.#files.root}/${files.path}` };
    if (this.#readError === null || this.#unread.size === 0) return null;
    return { kind: "error", message: this.#readError.message, retrying: true };
  }

  /** The torrent is shared or downloaded from here on. */
  start(): void {
    this.#active = true;
    this.watch.wake();
    this.#schedule();
  }

  stop(): void {
    this.#active = false;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Everything is right as it is now (`current`), and was when `verified` was taken; nothing is lost. */
  reset(verified: FileStats, current: FileStats): void {
    this.forget();
    this.watch.remember(this.#owner.isSeedOnly, verified, current);
  }

  /** Nothing is lost: what is not there is to be fetched. */
  forget(): void {
    this.#lost.clear();
    this.#unread.clear();
    this.#told.clear();
  }

  /** Looks at the files when that is due; true when it has. One that fails has seen nothing: the next is due at once. */
  async look(now: Millis): Promise<boolean> {
    try {
      const changes = await this.watch.lookWhenDue(now);
      if (changes === null) return false;
      this.#apply(changes);
      return true;
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      return false;
    }
  }

  /** A piece could not be read: what of it is right is found out later. */
  onReadError(piece: PieceIndex, error: ShoalError): void {
    // One that was given up says nothing about the data.
    if (error.code === "ERR_CLOSED" || !this.#owner.has(piece)) return;
    this.watch.distrust();
    this.#unread.add(piece);
    this.#readError = error;
    this.#lose([piece], true);
    // That a file is gone or short is told by the next look.
    if (error.code !== "ERR_FILE_CHANGED") this.#warn(error);
    this.#schedule();
  }

  /**
   * For a download that was stopped because of its files: takes back what is not there, and finds what is there again. Throws
   * ERR_FILES_MISSING and ERR_FILE_CHANGED unless all is as it should be; with `refetches` missing files are fetched again, with
   * `overwrites` others are written over. True when anything had changed.
   */
  async settle(how: { readonly refetches: boolean; readonly overwrites: boolean }): Promise<boolean> {
    this.#context.disk.reopen(this.#files.storage);
    const changes = await this.watch.look();
    const { troubles } = this.watch;
    if (changes.length === 0 && troubles.size === 0 && this.isEmpty) return false;
    for (const index of troubles.keys()) {
      for (const piece of piecesOf(this.#layout.files[index]!)) {
        if (this.#owner.has(piece)) {
          this.#lost.add(piece);
          this.#owner.drop(piece);
        } else this.#owner.discard(piece);
      }
    }
    for (const piece of this.#takeUntroubled()) this.#lost.delete(piece);
    for (const [index, { is }] of troubles)
      if (is === "changed") await this.#adopt(this.#layout.files[index]!);
    const missing = [...troubles.values()].some(({ is }) => is === "missing");
    const changed = [...troubles.values()].some(({ is }) => is === "changed");
    if ((missing && !how.refetches) || (changed && !how.overwrites)) throw this.#error();
    this.forget();
    return true;
  }

  /** Whether what stopped the torrent seems to be gone. */
  async looksMended({ code }: ShoalError): Promise<boolean> {
    const hasNews = (await this.watch.look()).length > 0;
    const isMissing = [...this.watch.troubles.values()].some(({ is }) => is === "missing");
    if (code === "ERR_FILES_MISSING" || code === "ERR_FILE_CHANGED") return hasNews && !isMissing;
    if (!isMissing) await this.#context.disk.prepare(this.#files.storage);
    return !isMissing;
  }

  #apply(changes: readonly FileChange[]): void {
    if (changes.length === 0) return;
    this.#pause = FIRST_LOOK;
    const away = changes.filter(({ is }) => is !== "back");
    if (away.length > 0 && this.#owner.isDownloading) {
      this.#owner.onFilesAway();
      return;
    }
    for (const { file, is } of away) this.#lose(piecesOf(file), is === "changed");
    if (away.length > 0) this.#warn(this.#error());
    this.#then(async () => {
      this.#context.disk.reopen(this.#files.storage);
      this.#found(this.#takeUntroubled());
      for (const { file, is } of changes) if (is === "changed") await this.#adopt(file);
    });
    this.#schedule();
  }

  /** Compares a file that is another now with the torrent; it is taken for ours when all that was lost of it is there. */
  async #adopt(file: LayoutFile): Promise<void> {
    const lacking = piecesOf(file).filter(
      (piece) => !this.#owner.has(piece) && (this.#lost.has(piece) || this.#owner.isSeedOnly),
    );
    await this.#check(lacking);
    const right = lacking.filter((piece) => this.#owner.has(piece));
    // A file of which nothing was verified is ours only when it is empty.
    const isRight = right.length === lacking.length && (right.length > 0 || this.#isEmptied(file));
    const isOurs = isRight || this.watch.isUnfinished(file.index);
    if (isOurs) this.watch.accept(file.index);
    this.#found(right);
    for (const piece of lacking) if (!this.#owner.has(piece)) this.#owner.disown(piece);
    if (isOurs) this.#told.delete(this.#files.paths[file.index]!);
  }

  #isEmptied(file: LayoutFile): boolean {
    return this.watch.troubles.get(file.index)?.seen?.size === 0;
  }

  /** Takes lost pieces whose files are all what they were. */
  #takeUntroubled(): PieceIndex[] {
    const { troubles } = this.watch;
    const back = [...this.#lost].filter(
      (piece) =>
        !this.#unread.has(piece) &&
        this.#layout.filesInPiece(piece).every(({ index }) => !troubles.has(index)),
    );
    for (const piece of back) this.#owner.take(piece);
    return back;
  }

  async #check(pieces: readonly PieceIndex[]): Promise<void> {
    if (pieces.length === 0) return;
    const set = new Bitfield(this.#layout.pieceCount);
    for (const piece of pieces) set.set(piece);
    await this.#owner.check(set);
  }

  #found(pieces: readonly PieceIndex[]): void {
    if (pieces.length === 0) return;
    for (const piece of pieces) {
      this.#lost.delete(piece);
      this.#unread.delete(piece);
    }
    if (this.#lost.size === 0) this.#told.clear();
    this.#owner.onFound(pieces);
  }

  #lose(pieces: readonly PieceIndex[], isCertain: boolean): void {
    const claimed = pieces.filter((piece) => this.#owner.has(piece));
    for (const piece of claimed) this.#lost.add(piece);
    for (const piece of claimed) {
      this.#owner.drop(piece);
      if (isCertain) this.#owner.disown(piece);
    }
    if (claimed.length > 0) this.#owner.onLost(claimed);
  }

  /** Looks for what is lost, at growing distances, also while nobody is connected. */
  #schedule(): void {
    const isNeeded = this.#active && (this.watch.troubles.size > 0 || this.#unread.size > 0);
    if (!isNeeded || this.#timer !== null) return;
    this.#timer = this.#context.clock.setTimer(this.#pause, () => {
      this.#timer = null;
      this.#pause = Math.min(LAST_LOOK, this.#pause * 2);
      this.#then(() => this.#lookForLost().finally(() => this.#schedule()));
    });
  }

  async #lookForLost(): Promise<void> {
    const changes = await this.watch.look();
    if (!this.#active) return;
    this.#apply(changes);
    const unread = [...this.#unread];
    await this.#check(unread);
    this.#found(unread.filter((piece) => this.#owner.has(piece)));
    if (this.watch.troubles.size === 0 && this.#owner.isDownloading) this.#refetchUnread();
  }

  /** What this download wrote and can't read again is nobody's but its own. */
  #refetchUnread(): void {
    for (const piece of this.#unread) {
      this.#lost.delete(piece);
      this.#owner.refetch(piece);
    }
    this.#unread.clear();
  }

  #then(step: () => Promise<void>): void {
    this.#steps = this.#steps.then(step).catch((error: unknown) => {
      // The torrent was closed meanwhile.
      if (!(error instanceof ShoalError)) throw error;
    });
  }

  /** Missing files before others; the path is below the download folder. */
  #filesTrouble(): FilesTrouble | null {
    const all = [...this.watch.troubles];
    const missing = all.filter(([, { is }]) => is === "missing");
    const told = missing.length > 0 ? missing : all;
    if (told.length === 0) return null;
    const first = Math.min(...told.map(([index]) => index));
    const isShort = missing.every(([, { seen }]) => seen !== null);
    const kind = missing.length === 0 ? "changed" : isShort ? "short" : "missing";
    return { kind, path: this.#files.paths[first]!, files: told.length };
  }

  #error(): ShoalError {
    return filesError(this.#filesTrouble()!, this.#files.root);
  }

  #warn(error: ShoalError): void {
    const { path } = error.details;
    const isMissing = error.code === "ERR_FILES_MISSING";
    const about = !isMissing && typeof path === "string" ? path : error.code;
    if (this.#told.has(about)) return;
    this.#told.add(about);
    this.#owner.onWarning(error);
  }
}

function piecesOf(file: LayoutFile): PieceIndex[] {
  return Array.from({ length: file.endPiece - file.firstPiece }, (_, i) => file.firstPiece + i);
}

import type { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, Millis, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { ResumeState } from "../core/resume.ts";
import type { FilePriority } from "../core/file-selection.ts";
import type { ResumeMove, ResumePlace } from "../core/resume-record.ts";
import type { ResumeVerdict, VerifyLevel } from "../core/resume-judge.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import type { Layout } from "../meta/layout.ts";
import type { FileStat, StoragePlace } from "../ports/disk.ts";
import type { TorrentStore } from "../ports/store.ts";
import type { SessionContext } from "./context.ts";
import { JournalWriter } from "./journal-writer.ts";
import { KnownFiles } from "./known-files.ts";
import type { FileRecords, TorrentFiles } from "./torrent-files.ts";

/** How often what was written is made durable, so that it survives a crash of the machine, too. */
const BARRIER_MS = 15_000;
/** A journal with more records than this is rewritten when it is opened. */
const MAX_RECORDS = 1000;
/** Names the folder of a torrent's state. */
export interface JournalPlace {
  readonly infoHashes: InfoHashes;
  /** Lower-case hex, unique for the torrent and its download folder. */
  readonly key: string;
}

/** What a start has found. */
export interface FoundData {
  /** The files as they were before anything of them was read. */
  readonly stats: readonly (FileStat | null)[];
  /** Pieces that are there. */
  readonly have: Bitfield;
  /** Pieces that `resume` vouched for. */
  readonly claimed: Bitfield;
  /** False when nothing will be written: all is there, or it is only shared. */
  readonly writes: boolean;
  /** Files that are in the way are written to. */
  readonly takesOver: boolean;
  /** Priorities that are not the normal one; null when it is only shared. */
  readonly priorities: ReadonlyMap<FileIndex, FilePriority> | null;
}

/** Remembers one torrent between runs: its metadata, its files and what of them is verified (core/resume decides what may be claimed). */
export class TorrentJournal implements FileRecords {
  readonly key: string;
  readonly files: KnownFiles;
  /** No earlier run has left anything. */
  readonly isNew: boolean;
  readonly #context: SessionContext;
  readonly #store: TorrentStore;
  readonly #state: ResumeState;
  /** Verified pieces whose files' inodes are not recorded yet. */
  readonly #waiting: Set<PieceIndex> = new Set();
  /** When what is recorded is made durable; Infinity when it is. */
  #barrierAt: Millis = Infinity;
  readonly #writer: JournalWriter;
  /** Steps that wait for the disk come one after another: a barrier must not vouch for what another step marked. */
  #steps: Promise<void> = Promise.resolve();
  #busy = false;
  #closed = false;

  private constructor(
    context: SessionContext,
    store: TorrentStore,
    state: ResumeState,
    place: JournalPlace,
    isNew: boolean,
  ) {
    this.isNew = isNew;
    this.#context = context;
    this.#store = store;
    this.#writer = new JournalWriter(context, store);
    this.#state = state;
    this.files = new KnownFiles(state);
    this.key = place.key;
  }

  /** Throws ERR_LOCKED when another process has the torrent. */
  static async open(context: SessionContext, place: JournalPlace): Promise<TorrentJournal> {
    const { store } = context;
    const records = await store.open(place.key);
    const { v1, v2 } = place.infoHashes;
    const about = { v1, v2, addedAt: Math.floor(context.clock.wallTime()) };
    const loaded = ResumeState.load(records.records, store.bootId);
    const state = loaded ?? ResumeState.create(about, store.bootId);
    const journal = new TorrentJournal(context, records, state, place, loaded === null);
    const { length } = records.records;
    const isUnfit = loaded === null || loaded.isDamaged || length > MAX_RECORDS;
    // Where there is none yet, there will be one when there is something to say.
    if (isUnfit && length > 0) await records.replace(state.snapshot());
    return journal;
  }

  /** The .torrent that an earlier run got from peers; null when it is not known. */
  get metainfo(): Uint8Array | null {
    return this.#state.metainfo;
  }

  get partPath(): string {
    return this.#context.store.partPath(this.key);
  }

  get downloadedBefore(): number {
    return this.#state.downloaded;
  }

  get uploadedBefore(): number {
    return this.#state.uploaded;
  }

  /** Nothing waits to be written but what `nextDeadline` says. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && !this.#busy;
  }

  /** When something is to be made durable, or to be written again; Infinity when all is. */
  nextDeadline(): Millis {
    return this.#closed ? Infinity : Math.min(this.#barrierAt, this.#writer.retryAt);
  }

  /** Why records can't be saved, once each time that this begins; else null. */
  takeTrouble(): ShoalError | null {
    return this.#writer.takeTrouble();
  }

  get priorities(): ReadonlyMap<FileIndex, FilePriority> | null {
    return this.#state.priorities;
  }

  placeFor(layout: Layout): ResumePlace | null {
    const { place } = this.#state;
    const fits = place?.pieceCount === layout.pieceCount && place.paths.length === layout.files.length;
    return fits ? place : null;
  }

  /** The download folder as it was left; null when nothing was begun. */
  get root(): string | null {
    return this.#state.place?.root ?? null;
  }

  /** It was added with this folder before, or its files are there. */
  belongsTo(folder: string): boolean {
    return this.root === folder || this.#state.folder === folder;
  }

  /** It was added with this folder, where its files are: by it, it is found again after another move, too. */
  async rememberFolder(folder: string): Promise<void> {
    if (this.#state.folder === folder) return;
    this.#state.setFolder(folder);
    this.#append();
    await this.#store.sync();
  }

  /** A move that a crash has interrupted. */
  get move(): ResumeMove | null {
    return this.#state.move;
  }

  /** Call before the files go to another place. */
  async beginMove(to: StoragePlace, layout: Layout, files: TorrentFiles): Promise<void> {
    if (this.#state.place === null) this.#state.setPlace(this.#placeOf(layout, files), layout);
    await this.#recordMove({ ...to, copied: false });
  }

  /** All copies are there: from here on a crash does not take them back. */
  async onMoveCopied(to: StoragePlace): Promise<void> {
    await this.#recordMove({ ...to, copied: true });
  }

  /** The files are where `files` says, each of them the one that it was. */
  async endMove(layout: Layout, files: TorrentFiles): Promise<void> {
    this.files.onMoved(await statsIfKnown(files));
    this.#state.setPlace(this.#placeOf(layout, files), layout);
    this.#append();
    await this.#store.sync();
  }

  rememberPriorities(priorities: ReadonlyMap<FileIndex, FilePriority>): void {
    this.#state.setPriorities(priorities);
    this.#append();
  }

  /** Skipped files are about to be created; see `KnownFiles.expect`. */
  expect(files: readonly FileIndex[]): void {
    this.files.expect(files);
    this.#append();
  }

  /** They were not created. */
  disown(files: readonly FileIndex[]): void {
    this.files.disown(files);
    this.#append();
  }

  /** Files that were skipped have their data now. Pieces with bytes of theirs are to be checked before they are claimed. */
  async onRevived(layout: Layout, files: TorrentFiles): Promise<void> {
    this.#learnInodes(layout, await statsIfKnown(files));
    this.#state.setPlace(this.#placeOf(layout, files), layout);
    this.#append();
  }

  rememberMetainfo(bytes: Uint8Array): void {
    this.#state.setMetainfo(bytes);
    this.#append();
  }

  /** The pieces that were verified last. */
  get latest(): readonly PieceIndex[] {
    return this.#state.latest;
  }

  /** What may be claimed of the files as they are now. */
  resume(stats: readonly (FileStat | null)[], layout: Layout, level: VerifyLevel): ResumeVerdict {
    return this.#state.judge(layout, stats, level);
  }

  /** Records where the files go, before any is created. */
  async begin(layout: Layout, files: TorrentFiles, found: FoundData): Promise<void> {
    const { stats, have, claimed, writes, takesOver, priorities } = found;
    const skipped = new Set(files.skipped);
    const kept = layout.files.filter(
      (file) => !file.pad && file.symlink === null && !skipped.has(file.index),
    );
    const known = this.files.atStart(kept, stats, { writes, takesOver });
    const lost = [...claimed].filter((piece) => !have.get(piece));
    const gained = [...have].filter((piece) => !claimed.get(piece));
    const place = this.#placeOf(layout, files);
    const isNews = lost.length > 0 || gained.length > 0 || !this.#state.isStopped;
    const isSame = this.#state.agreesWith(place, known, priorities);
    if (!writes && isSame && !isNews) return;
    // Who shares from the folder of a download does not change where that has its files.
    if (priorities === null && !isSame && [...this.#state.files.values()].some(({ ours }) => ours)) return;
    this.#state.setPlace(place, layout);
    this.#state.addFiles(known);
    if (priorities !== null) this.#state.setPriorities(priorities);
    // What was recorded about the files at the last stop does not hold for these.
    this.#state.beginWriting();
    this.#state.unverified(lost);
    this.#state.found(gained);
    await this.#store.replace(this.#state.snapshot());
    // Not at once: who has just begun to share is about to be asked for the very files.
    if (!writes || this.#state.needsSync) this.#barrierAt = this.#context.now() + BARRIER_MS;
  }

  async #recordMove(move: ResumeMove): Promise<void> {
    this.#state.beginWriting();
    this.#state.setMove(move);
    this.#append();
    await this.#store.sync();
  }

  #placeOf(layout: Layout, { root, paths, skipped }: TorrentFiles): ResumePlace {
    return { pieceCount: layout.pieceCount, root, partPath: this.partPath, paths, skipped };
  }

  /**
   * The files exist now, empty or not: whose they are is known by their inodes from here on. That must be on stable storage
   * before data is: a crash of the machine would leave files with data that look like somebody else's.
   */
  async onFilesCreated(layout: Layout, stats: readonly (FileStat | null)[]): Promise<void> {
    if (this.#learnInodes(layout, stats)) await this.#store.sync();
  }

  /** Pieces that were lost are there again. */
  onFound(pieces: readonly PieceIndex[]): void {
    this.#state.found(pieces);
    this.#append();
  }

  /** The piece is verified and on disk. */
  onPiece(piece: PieceIndex, layout: Layout, files: TorrentFiles): void {
    this.#waiting.add(piece);
    this.#recordKnown(layout);
    // The first piece of a new file: its inode is learnt at once, so that a crash soon after costs little.
    if (this.#waiting.size > 0 && !this.#busy && !this.#closed) {
      void this.#run(() => this.#learnFiles(layout, files));
    }
  }

  /** The piece is not there any more, or is about to be written again. */
  onLost(piece: PieceIndex): void {
    this.#waiting.delete(piece);
    this.#state.unverified([piece]);
    this.#append();
  }

  /** Records what waits and, now and then, makes it durable. `atRest`: nothing is written, and nothing will be. */
  onTick(now: Millis, layout: Layout, files: TorrentFiles, atRest: boolean): void {
    if (this.#busy || this.#closed) return;
    if (now >= this.#writer.retryAt) this.#append();
    if (this.#waiting.size > 0) void this.#run(() => this.#learnFiles(layout, files));
    else if (now >= this.#barrierAt) {
      void this.#run(async () => {
        await this.#barrier(files);
        if (atRest && !this.#state.needsSync) await this.#recordStop(files);
      });
    }
  }

  /** Puts everything on stable storage; call with no writes under way. */
  save(
    layout: Layout,
    files: TorrentFiles,
    masks: readonly (readonly [PieceIndex, Uint8Array])[],
    totals: { readonly downloaded: number; readonly uploaded: number },
  ): Promise<void> {
    return this.#inOrder(() => this.#save(layout, files, masks, totals));
  }

  async #save(
    layout: Layout,
    files: TorrentFiles,
    masks: readonly (readonly [PieceIndex, Uint8Array])[],
    totals: { readonly downloaded: number; readonly uploaded: number },
  ): Promise<void> {
    if (this.#closed) return;
    const { downloaded, uploaded } = totals;
    const isSame = downloaded === this.#state.downloaded && uploaded === this.#state.uploaded;
    const isRecorded = this.#state.isStopped && this.isIdle && this.#writer.isDone;
    if (isSame && isRecorded) return;
    await this.#learnFiles(layout, files);
    for (const [piece, mask] of masks) this.#state.blocks(piece, mask);
    this.#state.setTotals(downloaded, uploaded);
    if (this.#state.needsSync) await this.#barrier(files).catch((error) => this.#writer.onFailed(error));
    await this.#recordStop(files);
    await this.#store.sync();
  }

  /** From here on size and time of the files count, until something is written again. */
  async #recordStop(files: TorrentFiles): Promise<void> {
    const stats = await files.statsAsVerified();
    this.#state.stop(
      stats.flatMap((stat, index) =>
        stat === null ? [] : [{ index, size: stat.size, modifiedMs: stat.modifiedMs, inode: stat.inode }],
      ),
    );
    this.#append();
  }

  /** After a check of everything: exactly these pieces are there. */
  async replace(have: Bitfield): Promise<void> {
    this.#waiting.clear();
    const all = Array.from({ length: have.length }, (_, piece) => piece);
    this.#state.unverified(all.filter((piece) => !have.get(piece)));
    this.#state.found([...have]);
    await this.#store.replace(this.#state.snapshot());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#store.close();
  }

  async remove(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#store.remove();
  }

  async #learnFiles(layout: Layout, files: TorrentFiles): Promise<void> {
    this.#learnInodes(layout, await files.stat());
  }

  /** Records the inodes of files that were created meanwhile, then the pieces that wait for them. True when there were any. */
  #learnInodes(layout: Layout, stats: readonly (FileStat | null)[]): boolean {
    const isNews = this.files.learnCreated(stats);
    // At once: a crash before the first piece must not make the files a stranger's.
    this.#append();
    this.#recordKnown(layout);
    return isNews;
  }

  #recordKnown(layout: Layout): void {
    const ready = [...this.#waiting].filter((piece) => this.files.coversPiece(layout, piece));
    if (ready.length === 0) return;
    for (const piece of ready) this.#waiting.delete(piece);
    this.#state.verified(ready);
    if (this.#barrierAt === Infinity) this.#barrierAt = this.#context.now() + BARRIER_MS;
    this.#append();
  }

  async #barrier(files: TorrentFiles): Promise<void> {
    const everything = this.#state.mark();
    this.#append();
    // Until it has succeeded it is due again.
    this.#barrierAt = this.#context.now() + BARRIER_MS;
    try {
      await this.#context.disk.sync(files.storage, everything);
    } catch (error) {
      const isClosed = error instanceof ShoalError && error.code === "ERR_CLOSED";
      if (!isClosed) this.#state.syncFailed();
      this.#append();
      if (!this.#state.needsSync) this.#barrierAt = Infinity;
      throw error;
    }
    this.#state.barrier();
    this.#append();
    if (!this.#state.needsSync) this.#barrierAt = Infinity;
    await this.#store.sync();
    this.#writer.onSaved();
  }

  #append(): void {
    this.#writer.append(this.#state.drain());
  }

  #inOrder<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#steps.then(step);
    this.#steps = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /** One step at a time in the background. A disk that can't sync costs only trust in the resume data. */
  async #run(step: () => Promise<unknown>): Promise<void> {
    this.#busy = true;
    try {
      await this.#inOrder(step);
    } catch (error) {
      this.#writer.onFailed(error);
    } finally {
      this.#busy = false;
    }
  }
}

/** Nothing when the files can't be looked at just then: where they are is to be recorded all the same. */
async function statsIfKnown(files: TorrentFiles): Promise<readonly (FileStat | null)[]> {
  try {
    return await files.stat();
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    return [];
  }
}

import { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { Layout } from "../meta/layout.ts";
import type { FilePriority } from "./file-selection.ts";
import { piecesOfDifference } from "./pieces-of-difference.ts";
import { ResumeFacts } from "./resume-facts.ts";
import { judge } from "./resume-judge.ts";
import type { FoundFile, ResumeVerdict, VerifyLevel } from "./resume-judge.ts";
import { decodeResumeRecord, encodeResumeRecord } from "./resume-record.ts";
import type {
  KnownFile,
  ResumeAbout,
  ResumeMove,
  ResumePlace,
  ResumeRecord,
  StoppedFile,
} from "./resume-record.ts";
import { FRESH, MARKED, NONE, OLDER, SUSPECT } from "./resume-trust.ts";

/**
 * What is known about a torrent's data, kept as a journal: every change is a record, and reading the records back gives
 * the same state. It never claims a piece that is not on disk: records of data that only the page cache had are void
 * after a restart of the machine, and a file that is not the one that was written must be checked again.
 *
 * Changes go to an outbox that the caller drains into the store, in order: `verified` after the piece's last write has
 * ended, `unverified` before the piece is written again, `mark` right before `disk.sync`, `barrier` after it succeeded,
 * `stop` at the end of a clean run.
 */
export class ResumeState {
  readonly #bootId: string;
  readonly #facts: ResumeFacts = new ResumeFacts();
  /** This process has recorded that it writes. Who only seeds leaves the record of the clean stop valid. */
  #running: boolean = false;
  #damaged: boolean = false;
  /** A sync of this process has covered what earlier ones wrote; and one that does so has begun. */
  #pastSynced: boolean = false;
  #markedPast: boolean = false;
  #outbox: Uint8Array[] = [];

  private constructor(bootId: string) {
    this.#bootId = bootId;
  }

  /** A journal for a torrent that has none. `bootId` is `store.bootId`. */
  static create(about: ResumeAbout, bootId: string): ResumeState {
    const state = new ResumeState(bootId);
    state.#record({ type: "about", about });
    return state;
  }

  /**
   * Reads a journal; the first record that is broken or contradicts the others ends it. Never throws; null when not even
   * the first record can be used: go on with `create`.
   */
  static load(records: readonly Uint8Array[], bootId: string): ResumeState | null {
    const state = new ResumeState(bootId);
    try {
      for (const record of records) state.#facts.apply(decodeResumeRecord(record));
    } catch {
      state.#damaged = true;
    }
    return state.#facts.about === null ? null : state;
  }

  get about(): ResumeAbout {
    return this.#facts.about as ResumeAbout;
  }

  /** Bytes given to `setMetainfo`, or null. */
  get metainfo(): Uint8Array | null {
    return this.#facts.metainfo;
  }

  get place(): ResumePlace | null {
    return this.#facts.place;
  }

  /** As given to `setPriorities`, or null. */
  get priorities(): ReadonlyMap<FileIndex, FilePriority> | null {
    return this.#facts.priorities;
  }

  /** A move that neither ended nor was taken back. */
  get move(): ResumeMove | null {
    return this.#facts.move;
  }

  /** As given to `setFolder`, or null. */
  get folder(): string | null {
    return this.#facts.folder;
  }

  get files(): ReadonlyMap<FileIndex, KnownFile> {
    return this.#facts.files;
  }

  get downloaded(): number {
    return this.#facts.downloaded;
  }

  get uploaded(): number {
    return this.#facts.uploaded;
  }

  /** True when records were ignored: replace them by `snapshot()`, or what is appended will be ignored as well. */
  get isDamaged(): boolean {
    return this.#damaged;
  }

  /** True when something is recorded that a loss of power could take. */
  get needsSync(): boolean {
    return this.#facts.trust.has(FRESH) || this.#facts.trust.has(OLDER) || this.#facts.trust.has(MARKED);
  }

  /** The files are recorded as a clean stop left them, and nothing happened since. */
  get isStopped(): boolean {
    return this.#facts.stopped !== null;
  }

  /** The pieces that were verified last: the likeliest not to have reached the disk. */
  get latest(): readonly PieceIndex[] {
    return this.#facts.latest;
  }

  /** Whether place, files and priorities (null: any) are recorded just so. */
  agreesWith(
    place: ResumePlace,
    files: readonly KnownFile[],
    priorities: ReadonlyMap<FileIndex, FilePriority> | null,
  ): boolean {
    const known = this.#facts.place;
    if (known === null || known.root !== place.root || known.partPath !== place.partPath) return false;
    const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
      a.length === b.length && a.every((value, at) => value === b[at]);
    const wishes = this.#facts.priorities ?? new Map<FileIndex, FilePriority>();
    if (priorities !== null) {
      if (priorities.size !== wishes.size) return false;
      for (const [file, priority] of priorities) if (wishes.get(file) !== priority) return false;
    }
    return (
      isSame(known.paths, place.paths) &&
      isSame(known.skipped, place.skipped) &&
      files.every(({ index, inode, ours }) => {
        const file = this.#facts.files.get(index);
        return file !== undefined && file.inode === inode && file.ours === ours;
      })
    );
  }

  setMetainfo(bytes: Uint8Array): void {
    this.#record({ type: "metainfo", bytes });
  }

  /**
   * Where the files are, and which are skipped. Pieces of files that are skipped now and were not before, or the other way
   * round, become suspect: their bytes are in another file. Throws ProtocolError when the layout is not the journal's.
   */
  setPlace(place: ResumePlace, layout: Layout): void {
    const moved =
      this.#facts.place === null ? [] : piecesOfDifference(layout, this.#facts.place.skipped, place.skipped);
    this.#distrust(moved);
    this.#record({ type: "place", place });
  }

  /** Files whose priority is not the normal one. */
  setPriorities(priorities: ReadonlyMap<FileIndex, FilePriority>): void {
    this.#record({ type: "priorities", priorities });
  }

  /** Call before a file goes to another place, and again once all are there as copies; `setPlace` ends it. */
  setMove(move: ResumeMove): void {
    this.#record({ type: "moving", move });
  }

  /** The folder that it was added with lately. */
  setFolder(folder: string): void {
    this.#record({ type: "added", folder });
  }

  /** Inodes of files that hold data. Without its inode a file is hashed again at the next start. */
  addFiles(files: readonly KnownFile[]): void {
    if (files.length > 0) this.#record({ type: "files", files });
  }

  /** Call before the first write to the torrent's files: they are no longer as the last clean stop left them. */
  beginWriting(): void {
    if (this.#running) return;
    this.#running = true;
    this.#record({ type: "run", bootId: this.#bootId });
  }

  /** Pieces whose bytes this process wrote (or restored by `judge`) and that passed. */
  verified(pieces: readonly PieceIndex[]): void {
    if (pieces.length > 0) this.#recordChange({ type: "verified", pieces });
  }

  /** Pieces that passed a check of files as they were found. */
  found(pieces: readonly PieceIndex[]): void {
    if (pieces.length > 0) this.#recordChange({ type: "found", pieces });
  }

  /** Pieces that failed a check, or that are about to be written again. */
  unverified(pieces: readonly PieceIndex[]): void {
    if (pieces.length > 0) this.#recordChange({ type: "unverified", pieces });
  }

  /** Blocks of an unfinished piece whose writes have ended. A mask without a bit takes back the one before. */
  blocks(piece: PieceIndex, mask: Uint8Array): void {
    this.#recordChange({ type: "blocks", piece, mask: mask.slice() });
  }

  /** Call right before `disk.sync`, and hand it the answer: whether the sync must cover every file. */
  mark(): boolean {
    const everything = !this.#pastSynced || this.#facts.trust.has(OLDER);
    this.#recordChange({ type: "mark", everything });
    this.#markedPast ||= everything;
    return everything;
  }

  /** Call when that sync has succeeded. */
  barrier(): void {
    this.#recordChange({ type: "barrier" });
    this.#pastSynced ||= this.#markedPast;
  }

  /** Call when that sync has failed. What was not durable never counts as such; what is written from now on may. */
  syncFailed(): void {
    this.#recordChange({ type: "syncFailed" });
  }

  setTotals(downloaded: number, uploaded: number): void {
    this.#record({ type: "totals", downloaded, uploaded });
  }

  /** The files as a clean stop leaves them. Call after the last barrier, with nothing under way; writing may begin anew. */
  stop(files: readonly StoppedFile[]): void {
    this.#record({ type: "stop", files });
    this.#running = false;
  }

  /** Records to append to the store, oldest first; empties the outbox. */
  drain(): Uint8Array[] {
    const records = this.#outbox;
    this.#outbox = [];
    return records;
  }

  /**
   * Which pieces may be claimed, given the files as they are: `found` has an entry for each file of the layout, null where
   * there is none. Records what can't be, so that it is not claimed later either. When the layout is not the journal's,
   * everything is to be rechecked, and a new journal to be begun. `level` "sample" and "full" judge as "stat" does.
   */
  judge(layout: Layout, found: readonly (FoundFile | null)[], level: VerifyLevel = "stat"): ResumeVerdict {
    const place = this.#facts.place;
    const matches =
      place !== null && place.pieceCount === layout.pieceCount && place.paths.length === layout.files.length;
    if (!matches) {
      const recheck = new Bitfield(layout.pieceCount);
      if (place !== null) recheck.setAll();
      return { claimed: new Bitfield(layout.pieceCount), recheck, masks: new Map() };
    }
    const evidence = {
      trust: this.#facts.trust,
      sameBoot: this.#bootId !== "" && this.#bootId === this.#facts.runBootId,
      files: this.#facts.files,
      stopped: this.#facts.stopped,
      skipped: new Set(place.skipped),
    };
    const verdict = judge(layout, found, evidence, level === "none");
    this.#distrust(verdict.recheck);
    for (const piece of this.#facts.trust.partial.keys()) {
      if (!verdict.masks.has(piece)) this.#record({ type: "blocks", piece, mask: new Uint8Array(1) });
    }
    return verdict;
  }

  /** Records that give the same state as all that were read and written, to replace them. Empties the outbox. */
  snapshot(): Uint8Array[] {
    this.#outbox = [];
    return this.#facts.records().map(encodeResumeRecord);
  }

  /** Suspect from now on: those of the pieces that are trusted so far. */
  #distrust(suspects: Iterable<PieceIndex>): void {
    const pieces: PieceIndex[] = [];
    for (const piece of suspects) {
      const trust = this.#facts.trust.pieces[piece];
      if (trust !== NONE && trust !== SUSPECT) pieces.push(piece);
    }
    if (pieces.length > 0) this.#record({ type: "suspect", pieces });
  }

  #recordChange(record: ResumeRecord): void {
    this.beginWriting();
    this.#record(record);
  }

  #record(record: ResumeRecord): void {
    this.#facts.apply(record);
    this.#outbox.push(encodeResumeRecord(record));
  }
}

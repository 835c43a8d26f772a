import { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, Millis, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { filesError, type FilesTrouble } from "../core/disk-trouble.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import type { ResumeVerdict } from "../core/resume-judge.ts";
import { samplePieces } from "../core/resume-sample.ts";
import type { Layout } from "../meta/layout.ts";
import type { PieceDigest } from "../ports/disk.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { CheckProgress, CheckReason } from "./events.ts";
import type { FileStats } from "./file-watch.ts";
import type { PartData } from "./part-data.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";
import type { TorrentPlace } from "./torrent-place.ts";
import type { TrustedPieces } from "./trusted-pieces.ts";

const PROGRESS_MS = 100;
/** Bytes that are read at once, whoever else is being checked. */
const SMALL_CHECK = 16 * 1024 * 1024;

type IsCancelled = () => boolean;

/** The parts of a torrent's content that are about which pieces are there. */
export interface PiecesParts {
  readonly layout: Layout;
  readonly options: AddOptions;
  readonly files: TorrentFiles;
  readonly hashes: PieceHashes;
  readonly picker: PiecePicker;
  /** Null for a torrent that is only shared, and whose resume data can't be kept. */
  readonly journal: TorrentJournal | null;
  readonly place: TorrentPlace;
  /** Whose turn it is to be checked goes by it. */
  rank(): number;
}

/** What a check has found. */
export interface Found {
  /** The files as they were before anything of them was read. */
  readonly stats: FileStats;
  /** Pieces that resume data vouched for. */
  readonly claimed: Bitfield;
  /** Files that are wanted now and were not before: of these pieces the part file may have what belongs to them. */
  readonly part: { readonly files: readonly FileIndex[]; readonly pieces: readonly PieceIndex[] } | null;
}

export interface PieceCheckOwner {
  /** The piece is there; `digest` is what was found, null when that is believed. */
  claim(piece: PieceIndex, digest: PieceDigest | null): void;
  loseAll(): void;
  onChecked(progress: CheckProgress): void;
  onWarning(error: ShoalError): void;
  /** A check that waits for its turn has another place in the line, or begins. */
  onCheckLine(): void;
}

/** Finds out which pieces are on disk: what resume data vouches for is believed as far as was asked for, the rest is hashed. */
export class PieceCheck {
  readonly #context: SessionContext;
  readonly #owner: PieceCheckOwner;
  readonly #parts: PiecesParts;
  readonly #picker: PiecePicker;
  readonly #trusted: TrustedPieces;
  readonly #part: PartData | null;
  /** Counts cancellations: a start that began before one is over. */
  #cancelled = 0;

  constructor(
    context: SessionContext,
    owner: PieceCheckOwner,
    parts: PiecesParts,
    trusted: TrustedPieces,
    part: PartData | null,
  ) {
    this.#part = part;
    this.#context = context;
    this.#owner = owner;
    this.#parts = parts;
    this.#picker = parts.picker;
    this.#trusted = trusted;
  }

  get rank(): number {
    return this.#parts.rank();
  }

  /** How many others are checked first; null unless it waits for its turn. */
  get before(): number | null {
    return this.#context.checkTurns.before(this);
  }

  onCheckLine(): void {
    this.#owner.onCheckLine();
  }

  /** Ends what is under way soon. */
  cancel(): void {
    this.#cancelled++;
    this.#context.checkTurns.giveUp(this);
    this.#trusted.stop();
  }

  /** Claims the pieces that are there; null when that was cancelled. Throws ERR_FILE_EXISTS and ERR_DISK; ERR_FILES_MISSING unless `refetches`. */
  async find(refetches: boolean): Promise<Found | null> {
    const isCancelled = this.#cancellation();
    const { files, journal, options, layout } = this.#parts;
    const { seedOnly = false, hashed = false, existing, verify = this.#context.config.verify } = options;
    if (!seedOnly) await this.#parts.place.recover();
    const revived = (await this.#part?.settle()) ?? [];
    const stats = await files.stat();
    if (!seedOnly && journal !== null) await this.#tellGone(files.gone(stats, journal), refetches);
    const recorded = journal?.resume(stats, layout, verify) ?? nothing(layout.pieceCount);
    const resumed = this.#withClaims(recorded, stats);
    const fillable = this.#part?.mayFill(revived, stats) ?? [];
    const inPart = piecesOf(layout, fillable, resumed.recheck);
    const [foreign] = seedOnly || journal === null ? [] : files.foreign(stats, journal);
    const refuses = foreign !== undefined && existing !== "overwrite";
    if (refuses && !files.areFullSize(stats)) throw files.fileExists(foreign.index);
    for (const piece of inPart) resumed.recheck.clear(piece);
    if (hashed) for (const piece of all(layout.pieceCount)) this.#owner.claim(piece, null);
    else await this.#compare(resumed, seedOnly || foreign !== undefined, isCancelled);
    if (isCancelled()) return null;
    if (refuses && !this.#picker.isFinished) {
      this.#owner.loseAll();
      throw files.fileExists(foreign.index);
    }
    const part = revived.length === 0 ? null : { files: fillable, pieces: inPart };
    return { stats, claimed: recorded.claimed, part };
  }

  /** With what another program has claimed, where nothing is recorded: of pieces of which the files are there. */
  #withClaims(recorded: ResumeVerdict, stats: FileStats): ResumeVerdict {
    const { options, layout } = this.#parts;
    const { claims } = options;
    if (claims === undefined || !recorded.claimed.isEmpty || !recorded.recheck.isEmpty) return recorded;
    const claimed = new Bitfield(layout.pieceCount);
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      const isClaimed = claims === "all" || ((claims[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0;
      if (isClaimed && isLongEnough(layout, stats, piece)) claimed.set(piece);
    }
    return { ...recorded, claimed, recheck: complement(claimed) };
  }

  /** Files are never made anew without a word: a drive may be missing. Somebody who asks for a download again wants them. */
  async #tellGone(gone: FilesTrouble | null, refetches: boolean): Promise<void> {
    if (gone === null) return;
    // What lies in a folder that can't be looked into is not gone: it stays this download's own.
    await this.#context.disk.freeSpace(`${this.#parts.files.root}/${gone.path}`);
    if (refetches) return;
    const error = filesError(gone, this.#parts.files.root);
    if (this.#parts.options.load !== undefined) throw error;
    this.#owner.onWarning(new ShoalError(error.code, `${error.message} and fetched again`, error.details));
  }

  /**
   * Hashes every piece but those that are being fetched and claims those that are right. Gives them, and the files as they were
   * before; null when it was cancelled.
   */
  async everything(): Promise<{ readonly stats: FileStats; readonly right: Bitfield } | null> {
    const isCancelled = this.#cancellation();
    const { files, hashes, layout } = this.#parts;
    const stats = await files.stat();
    const pieces = all(layout.pieceCount);
    for (const piece of this.#picker.partialPieces()) pieces.clear(piece);
    const right = new Bitfield(layout.pieceCount);
    const onRight = (piece: PieceIndex, digest: PieceDigest): void => {
      right.set(piece);
      this.#owner.claim(piece, digest);
    };
    await this.#inTurn(pieces, () => files.check(pieces, hashes, onRight, this.#meter("asked"), isCancelled));
    return isCancelled() ? null : { stats, right };
  }

  /** Hashes the pieces and claims those that are right; ends early once `isCancelled` says so. */
  async of(pieces: Bitfield, reason: CheckReason, isCancelled: IsCancelled = () => false): Promise<void> {
    const { files, hashes } = this.#parts;
    const tell = this.#meter(reason);
    await files.check(pieces, hashes, (piece, digest) => this.#owner.claim(piece, digest), tell, isCancelled);
  }

  /** `everywhere`: pieces that resume data has no word about may be there, too. */
  async #compare(
    { claimed, recheck, masks }: ResumeVerdict,
    everywhere: boolean,
    isCancelled: IsCancelled,
  ): Promise<void> {
    const { config } = this.#context;
    const { verify = config.verify, lazyVerify = config.lazyVerify } = this.#parts.options;
    if (verify === "full") {
      const pieces = all(claimed.length);
      return this.#inTurn(pieces, () => this.of(pieces, "asked", isCancelled));
    }
    for (const piece of claimed) this.#owner.claim(piece, null);
    this.#trusted.trust(claimed);
    const isKnown = !claimed.isEmpty || !recheck.isEmpty;
    const doubtful = everywhere ? complement(claimed) : recheck;
    await this.#inTurn(doubtful, () => this.of(doubtful, isKnown ? "changed" : "new", isCancelled));
    if (verify === "sample" && !isCancelled()) await this.#sample(claimed);
    if (!lazyVerify) this.#trusted.believe();
    for (const [piece, mask] of masks) {
      if (!this.#picker.have.get(piece)) this.#picker.restoreBlocks(piece, mask);
    }
  }

  /** Hashes a few pieces for all, and where one is wrong its files. */
  async #sample(claimed: Bitfield): Promise<void> {
    const { layout, journal } = this.#parts;
    const tell = this.#meter("sample");
    const sample = samplePieces(layout, claimed, journal?.latest ?? [], this.#context.rng);
    await this.#trusted.proveAll(sample, tell);
  }

  /** Does the check when it is its turn, or not at all when it is cancelled before. */
  async #inTurn(pieces: Bitfield, check: () => Promise<void>): Promise<void> {
    if (pieces.count * this.#parts.layout.pieceLength <= SMALL_CHECK) return check();
    const { checkTurns } = this.#context;
    try {
      if (await checkTurns.take(this)) await check();
    } finally {
      checkTurns.end(this);
    }
  }

  #cancellation(): IsCancelled {
    const before = this.#cancelled;
    return () => this.#cancelled !== before;
  }

  /** Tells progress now and then, and the end. */
  #meter(reason: CheckReason): (done: number, total: number) => void {
    const startedAt = this.#context.now();
    let toldAt: Millis = -Infinity;
    return (done, total) => {
      const now = this.#context.now();
      if (done < total && now - toldAt < PROGRESS_MS) return;
      toldAt = now;
      const etaMs = done === 0 ? null : ((now - startedAt) / done) * (total - done);
      this.#owner.onChecked({ reason, checkedPieces: done, pieceCount: total, etaMs });
    };
  }
}

function nothing(pieceCount: number): ResumeVerdict {
  return { claimed: new Bitfield(pieceCount), recheck: new Bitfield(pieceCount), masks: new Map() };
}

function all(pieceCount: number): Bitfield {
  const pieces = new Bitfield(pieceCount);
  pieces.setAll();
  return pieces;
}

function complement(pieces: Bitfield): Bitfield {
  const others = all(pieces.length);
  for (const piece of pieces) others.clear(piece);
  return others;
}

/** Whether all of a piece lies in files that are there. */
function isLongEnough(layout: Layout, stats: FileStats, piece: PieceIndex): boolean {
  let whole = true;
  layout.spans(piece * layout.pieceLength, layout.pieceSize(piece), (file, offset, length) => {
    if (!file.pad && file.symlink === null && (stats[file.index]?.size ?? 0) < offset + length) whole = false;
  });
  return whole;
}

/** Of `among`, those with bytes of the files. */
function piecesOf(layout: Layout, files: readonly FileIndex[], among: Bitfield): PieceIndex[] {
  const found = new Set<PieceIndex>();
  for (const index of files) {
    const { firstPiece, endPiece } = layout.files[index]!;
    for (let piece = firstPiece; piece < endPiece; piece++) if (among.get(piece)) found.add(piece);
  }
  return [...found];
}

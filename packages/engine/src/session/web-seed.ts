import { Bitfield } from "../base/bitfield.ts";
import type { BlockIndex, FileIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import type { Party } from "../core/delivery-log.ts";
import { RequestPipeline } from "../core/peer/pipeline.ts";
import { RequestQueue } from "../core/peer/request-queue.ts";
import { RequestTimeout } from "../core/peer/request-timeout.ts";
import type { SpeedClass } from "../core/picker/peer-state.ts";
import type { BlockVisitor } from "../core/web-seed/block-reader.ts";
import { IdleRule } from "../core/web-seed/idle-rule.ts";
import { RunQueue } from "../core/web-seed/run-queue.ts";
import { wholeFilesRun } from "../core/web-seed/whole-files.ts";
import { WebSeedHealth } from "../core/web-seed/web-seed-health.ts";
import { BLOCK_SIZE, type LayoutFile } from "../meta/layout.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import { webSeedUrl } from "../meta/web-seed-url.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import type { WebSeedInfo } from "./events.ts";
import { type TransferEnd, type TransferOwner, WebSeedTransfer } from "./web-seed-transfer.ts";

/** Requests to one web seed at the same time. */
const MAX_TRANSFERS = 4;
/** Blocks that are under request with one at most: 16 MiB. */
const MAX_REQUESTS = 1_024;
/** Redirects that are remembered, and files that are known to be missing. */
const MAX_FILES_NOTED = 10_000;
/** Files in a row that it lacks, before it is left in peace for a while: it may have none at all. */
const MAX_MISSES = 8;
/** Longest URL of a redirect that is remembered. */
const MAX_URL = 8_192;

const NO_PIECES: ReadonlySet<PieceIndex> = new Set();

/** What a web seed asks and tells the download. */
export interface WebSeedOwner {
  onBlock(
    seed: WebSeed,
    piece: PieceIndex,
    begin: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void;
  /** It can be asked for more. */
  onRoom(seed: WebSeed): void;
  /** The block will not come from this seed. */
  giveBack(seed: WebSeed, piece: PieceIndex, block: BlockIndex): void;
  /** It lacks the pieces of a file, which it was thought to have. */
  onLacks(seed: WebSeed, pieces: readonly PieceIndex[]): void;
  /** Whether one of the pieces from `from` to before `to` is still to come. */
  lacksAny(from: PieceIndex, to: PieceIndex): boolean;
  /** It is not to be asked for the time being: `health` says why, and until when. */
  onUnfit(seed: WebSeed): void;
}

/** One URL that has the torrent's files (BEP 19), as somebody who is asked for blocks. It is thought to have everything until it says otherwise. */
export class WebSeed implements BlockSource, TransferOwner {
  readonly slot: PeerSlot;
  readonly url: string;
  readonly party: Party;
  /** With its port, if it is no usual one. */
  readonly host: string;
  readonly health: WebSeedHealth;
  readonly idleRule: IdleRule = new IdleRule();
  readonly requests: RequestQueue = new RequestQueue(MAX_REQUESTS);
  readonly pipeline: RequestPipeline;
  readonly timeout: RequestTimeout = new RequestTimeout();
  have: Bitfield = new Bitfield(0);
  inPicker = false;
  interested = false;
  readonly choked = false;
  readonly allowedFast: ReadonlySet<PieceIndex> = NO_PIECES;
  readonly distrusted = false;
  readonly inRuns = true;
  readonly score = 0;
  readonly chokedAt = 0;
  parole = false;
  speed: SpeedClass = 1;
  responseMs: Millis = Infinity;
  verified = 0;
  unsolicited = 0;
  refillAt: Millis = 0;
  paid = 0;
  isHeld = false;
  readonly #context: SessionContext;
  readonly #owner: WebSeedOwner;
  readonly #metainfo: Metainfo;
  readonly #queue: RunQueue;
  readonly #transfers: Set<WebSeedTransfer> = new Set();
  /** Fewer than MAX_TRANSFERS when the server said that it had too much to do. */
  #maxTransfers = MAX_TRANSFERS;
  /** Where files really are, as the server told. */
  readonly #redirects: Map<FileIndex, string> = new Map();
  readonly #missing: Set<FileIndex> = new Set();
  #misses = 0;
  /** It gives no parts: files are fetched from their beginning, one after another. */
  #wholeFiles = false;
  #isArenaFull = false;
  /** Requests were withdrawn: a transfer may be in vain now. */
  #cancelled = false;

  constructor(context: SessionContext, owner: WebSeedOwner, metainfo: Metainfo, slot: PeerSlot, url: string) {
    this.#context = context;
    this.#owner = owner;
    this.#metainfo = metainfo;
    this.slot = slot;
    this.url = url;
    this.party = { kind: "web-seed", address: this.shownUrl, client: "" };
    this.host = URL.canParse(url) ? new URL(url).host : "";
    this.health = new WebSeedHealth(context.rng);
    this.pipeline = new RequestPipeline(context.settings.maxOutstandingRequests);
    this.pipeline.setReqq(MAX_REQUESTS);
    this.#queue = new RunQueue(metainfo.layout);
  }

  get name(): string {
    return this.url;
  }

  get snubbed(): boolean {
    return this.pipeline.isSnubbed;
  }

  /** Without what it takes to be let in. */
  get shownUrl(): string {
    return this.url.replace(/^(\w+:\/\/)[^/?#]*@/, "$1");
  }

  get sendsMore(): boolean {
    return this.#wholeFiles;
  }

  /** It did not have all files when it was asked last. */
  get lacksFiles(): boolean {
    return this.#missing.size > 0;
  }

  /** It may have got the files by now that it did not have. */
  forgetMissing(): void {
    this.#missing.clear();
  }

  /** Gets ready to be asked. */
  prepare(now: Millis): void {
    const { pieceCount, files } = this.#metainfo.layout;
    this.have = new Bitfield(pieceCount);
    this.have.setAll();
    for (const index of this.#missing) this.#lose(files[index]!);
    this.#misses = 0;
    this.#maxTransfers = MAX_TRANSFERS;
    this.timeout.onUnchoke(now);
  }

  setInterested(interested: boolean): void {
    this.interested = interested;
  }

  request(piece: PieceIndex, block: BlockIndex): void {
    this.#queue.add(piece, block);
  }

  cancel(): void {
    this.#cancelled = true;
  }

  /** Ends transfers of which nothing is wanted any more, and begins as many as may be. */
  flush(): void {
    if (this.#cancelled) this.#dropVain();
    const most = this.#wholeFiles ? 1 : this.#maxTransfers;
    while (this.inPicker && this.#transfers.size < most && !this.#queue.isEmpty) {
      if (!this.#context.webHosts.tryTake(this.host)) return;
      const run = this.#queue.next((piece, block) => this.requests.isLive(piece, block));
      if (run === null) {
        this.#context.webHosts.release(this.host);
        return;
      }
      const { layout } = this.#metainfo;
      const asked = this.#wholeFiles ? wholeFilesRun(layout, run) : run;
      const transfer = new WebSeedTransfer(this.#context.http, this, layout, asked);
      this.#transfers.add(transfer);
      if (this.#isPaused) transfer.pause();
      transfer.start();
    }
  }

  onBlock(length: number, latencyMs: Millis | null, now: Millis): void {
    this.pipeline.onBlock(length, now, latencyMs);
    this.timeout.onBlock(now);
    // What comes again and again, because files have to be begun anew, is no progress.
    if (latencyMs !== null) this.health.onDelivered();
    this.#misses = 0;
  }

  onSilent(): void {
    this.pipeline.onTimeout();
    this.#fail("it sends nothing", null);
  }

  /** Ends all that is under way; the requests are the caller's to take back. */
  closeAll(): void {
    this.#queue.clear();
    for (const transfer of this.#transfers) this.#drop(transfer);
  }

  /** The arena is full: no more may come; or it has room again. */
  onArena(full: boolean): void {
    this.#isArenaFull = full;
    this.#pauseTransfers();
  }

  setHeld(held: boolean): void {
    this.isHeld = held;
    this.#pauseTransfers();
  }

  info(now: Millis): WebSeedInfo {
    const { isBanned, lastError, retryAt } = this.health;
    const isWaiting = !isBanned && now < retryAt;
    return {
      url: this.shownUrl,
      state: isBanned ? "banned" : isWaiting ? "waiting" : this.requests.length > 0 ? "asking" : "idle",
      downRate: this.pipeline.rate(now),
      downloaded: this.pipeline.total,
      requests: this.#transfers.size,
      retryInMs: isWaiting ? retryAt - now : null,
      lastError,
    };
  }

  // -- what transfers ask and tell

  urlOf(file: LayoutFile): string {
    return this.#redirects.get(file.index) ?? webSeedUrl(this.url, this.#metainfo, file);
  }

  onRedirected(file: FileIndex, url: string): void {
    if (url.length <= MAX_URL && this.#redirects.size < MAX_FILES_NOTED) this.#redirects.set(file, url);
  }

  readonly take: BlockVisitor = (piece, begin, buffer, offset, length) =>
    this.#owner.onBlock(this, piece, begin, buffer, offset, length);

  afterData(): void {
    this.#cancelled ||= this.#wholeFiles;
    this.#owner.onRoom(this);
  }

  onEnd(transfer: WebSeedTransfer, end: TransferEnd): void {
    this.#drop(transfer);
    const others = this.#transfers.size;
    this.#giveBackRest(transfer);
    if (end.kind === "whole-files") this.#takeWholeFiles();
    else if (end.kind === "busy" && others > 0) this.#maxTransfers = others;
    else if (end.kind === "busy") this.#fail(end.message, end.afterMs);
    else if (end.kind === "failed") this.#onFailed(end.message, end.file);
    else if (end.kind === "no-file") this.#onNoFile(end.message, end.file);
    this.#owner.onRoom(this);
  }

  get #isPaused(): boolean {
    return this.#isArenaFull || this.isHeld;
  }

  #pauseTransfers(): void {
    for (const transfer of this.#transfers) {
      if (this.#isPaused) transfer.pause();
      else transfer.resume();
    }
  }

  #takeWholeFiles(): void {
    this.#wholeFiles = true;
    for (const transfer of this.#transfers) {
      this.#drop(transfer);
      this.#giveBackRest(transfer);
    }
  }

  #onFailed(message: string, file: LayoutFile): void {
    // What was redirected to may be elsewhere now.
    this.#redirects.delete(file.index);
    this.#fail(message, null);
  }

  #onNoFile(message: string, file: LayoutFile): void {
    if (this.#redirects.delete(file.index) || this.#missing.has(file.index)) return;
    this.#missing.add(file.index);
    const what = this.#metainfo.multiFile ? ` (${file.path.join("/")})` : "";
    this.health.note(message + what);
    this.#owner.onLacks(this, this.#lose(file));
    if (++this.#misses >= MAX_MISSES) this.#fail("it has none of the files that it was asked for", null);
  }

  /** Returns the pieces that it was thought to have until now. */
  #lose(file: LayoutFile): PieceIndex[] {
    const lost: PieceIndex[] = [];
    for (let piece = file.firstPiece; piece < file.endPiece; piece++)
      if (this.have.clear(piece)) lost.push(piece);
    return lost;
  }

  #fail(message: string, afterMs: Millis | null): void {
    // Of several requests that fail together the first one counts.
    const now = this.#context.now();
    if (!this.health.mayAsk(now)) return;
    this.health.onFailed(message, afterMs, now);
    this.#owner.onUnfit(this);
  }

  #drop(transfer: WebSeedTransfer): void {
    if (!this.#transfers.delete(transfer)) return;
    this.#context.webHosts.release(this.host);
    transfer.close();
  }

  #dropVain(): void {
    this.#cancelled = false;
    for (const transfer of this.#transfers)
      if (!(this.#wholeFiles ? this.#isLacking(transfer) : this.#isAwaited(transfer))) this.#drop(transfer);
  }

  #isAwaited(transfer: WebSeedTransfer): boolean {
    let isAwaited = false;
    this.#forRest(transfer, (piece, block) => {
      isAwaited ||= this.requests.isLive(piece, block);
    });
    return isAwaited;
  }

  #isLacking({ run, received }: WebSeedTransfer): boolean {
    const { pieceLength } = this.#metainfo.layout;
    const start = run.piece * pieceLength + run.begin;
    const end = Math.ceil((start + run.length) / pieceLength);
    return this.#owner.lacksAny(Math.floor((start + received) / pieceLength), end);
  }

  #giveBackRest(transfer: WebSeedTransfer): void {
    this.#forRest(transfer, (piece, block) => {
      if (this.requests.isLive(piece, block)) this.#owner.giveBack(this, piece, block);
    });
  }

  /** Visits the blocks of a transfer that have not come as a whole. */
  #forRest({ run, received }: WebSeedTransfer, visit: (piece: PieceIndex, block: BlockIndex) => void): void {
    const { layout } = this.#metainfo;
    let piece = run.piece;
    let begin = run.begin;
    for (let at = 0; at < run.length;) {
      const block = begin / BLOCK_SIZE;
      const length = layout.blockLength(piece, block);
      if (at + length > received) visit(piece, block);
      at += length;
      begin += length;
      if (begin < layout.dataSize(piece)) continue;
      piece++;
      begin = 0;
    }
  }
}

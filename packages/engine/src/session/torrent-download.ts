import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { RateMeter } from "../base/rate-meter.ts";
import type { PieceHashes } from "../core/piece-hashes.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import type { StoreWrite } from "../core/store-buffer.ts";
import { BLOCK_SIZE, type Layout } from "../meta/layout.ts";
import type { PieceDigest, StorageId } from "../ports/disk.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import type { TorrentEvent } from "./events.ts";
import type { RateLimit } from "../core/bandwidth/rate-limit.ts";
import { DownloadPacing } from "./download-pacing.ts";
import { exchangeInvariants } from "./exchange-invariants.ts";
import type { StoreSink } from "./store-flow.ts";

/** Blocks that nobody asked for, from one peer, before it is disconnected. */
const MAX_UNSOLICITED = 64;
/** Most blocks that are picked at once for one peer. */
const MAX_PICK = 1024;
/** Requests to one peer while it is yet to be seen whether the disk takes data again. */
const CAREFUL_REQUESTS = 4;

/** What the download tells its torrent. */
export interface DownloadOwner {
  sourceInSlot(slot: PeerSlot): BlockSource | undefined;
  emit(event: TorrentEvent): void;
  /** The piece is on disk and right; the picker knows. `contributors` names who delivered each block. */
  onVerified(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void;
  /** The piece is on disk and wrong, by two readings. `digest` has leaves. Decides which blocks must come again. */
  onFailed(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void;
  /** Something is on disk, the first time since `start` or `goOn` was careful. */
  onWritten(): void;
  /** Two readings of the piece differ. `again`: neither was right, it must come again. */
  onUnstable(piece: PieceIndex, again: boolean): void;
  onDiskError(error: ShoalError): void;
}

/** The parts of a torrent's content that the download works on. */
export interface DownloadParts {
  readonly limit: RateLimit;
  readonly number: number;
  readonly layout: Layout;
  readonly storage: StorageId;
  readonly picker: PiecePicker;
  readonly hashes: PieceHashes;
}

/**
 * The way down: blocks from peers and web seeds into arena slots, runs to disk, pieces to verification. It joins the picker, the store
 * buffer and the disk; a block is in exactly one of "requested", "in a slot", "on disk" or "missing".
 */
export class TorrentDownload implements StoreSink {
  readonly rate: RateMeter = new RateMeter();
  /** Bytes received in vain: redundant, unasked or failed verification. */
  wasted = 0;
  /** Those of them that failed verification. */
  failed = 0;
  /** The torrent's number in the session. */
  readonly number: number;
  readonly storage: StorageId;
  readonly #context: SessionContext;
  readonly #owner: DownloadOwner;
  readonly #layout: Layout;
  readonly #picker: PiecePicker;
  readonly #hashes: PieceHashes;
  readonly #pacing: DownloadPacing;
  readonly #picked: Int32Array = new Int32Array(MAX_PICK * 2);
  readonly #others: Int32Array = new Int32Array(2);
  /** Pieces whose digest is outstanding. */
  #hashing = 0;
  /** Writes under way. */
  #writing = 0;
  readonly #whenIdle: (() => void)[] = [];
  #active = false;
  /** The disk takes nothing. */
  #isHeld = false;
  /** Little is requested, and what comes is written at once. */
  #careful = false;
  #sawBlock = false;

  constructor(context: SessionContext, owner: DownloadOwner, parts: DownloadParts) {
    this.#context = context;
    this.#owner = owner;
    this.number = parts.number;
    this.#layout = parts.layout;
    this.storage = parts.storage;
    this.#picker = parts.picker;
    this.#hashes = parts.hashes;
    this.#pacing = new DownloadPacing(context.bandwidth.down.turns, parts.limit, this);
    context.storeFlow.register(this.number, this);
  }

  start(): void {
    this.#active = true;
  }

  /** Nothing is being written or hashed. */
  get isIdle(): boolean {
    return this.#hashing === 0 && this.#writing === 0;
  }

  /** Nothing is requested or kept because the disk fails. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The disk fails: what was received is tried to write, and given up where that fails. */
  hold(): void {
    this.#isHeld = true;
    this.#context.storeFlow.buffer.flushAll(this.number);
    this.#context.storeFlow.drain();
  }

  /** Takes back what the peer was asked for. */
  withdraw(peer: BlockSource): void {
    peer.requests.clear((piece, block) => {
      this.#picker.release(peer.slot, piece, block);
      peer.cancel(piece, block, this.#layout.blockLength(piece, block));
    });
  }

  /** The end of `hold`. Careful: the disk may fail again, and what is under way then is lost. */
  goOn(careful: boolean): void {
    this.#isHeld = false;
    this.#careful = careful;
  }

  /** Requests nothing more and keeps nothing more. */
  stop(): void {
    this.#active = false;
    this.#pacing.stop();
  }

  /** Puts everything received on disk and waits for the writes and checks under way. */
  async flush(): Promise<void> {
    this.#context.storeFlow.buffer.flushAll(this.number);
    this.#context.storeFlow.drain();
    if (this.isIdle) return;
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** See there. */
  get brakedTo(): number | null {
    return this.#pacing.brakedTo;
  }

  /** The speed limit is lower than before: what is under request would exceed it. */
  onLimitLowered(sources: Iterable<BlockSource>): void {
    for (const source of sources) {
      // What web servers are asked for comes over connections that can be stopped without loss.
      if (!source.inRuns) this.withdraw(source);
      // At the new rate it has not been paid for.
      source.paid = 0;
      this.refill(source);
      source.flush();
    }
  }

  /** Nothing comes from it any more. */
  onGone(peer: BlockSource): void {
    this.#pacing.onGone(peer, this.#context.now());
  }

  /** Asks the peer for as many blocks as its pipeline has room for, as soon as speed limits allow it. */
  refill(peer: BlockSource): void {
    const now = this.#context.now();
    if (peer.paid > 0) this.#pacing.giveBackUnused(peer, now);
    const room = this.roomFor(peer, now);
    if (room > 0) this.#pacing.enter(peer, room, now);
  }

  /** How many blocks the peer can be asked for; not above 0 for none. */
  roomFor(peer: BlockSource, now: Millis): number {
    if (!this.#active || this.#isHeld || !peer.inPicker || !peer.interested) return 0;
    if (peer.choked && peer.allowedFast.size === 0) return 0;
    if (now < peer.refillAt || this.#context.storeFlow.buffer.underPressure) return 0;
    const wanted = peer.pipeline.refill(peer.requests.length);
    return this.#careful ? Math.min(wanted, CAREFUL_REQUESTS - peer.requests.length) : wanted;
  }

  /** For the pacing. */
  ask(peer: BlockSource, blocks: number, now: Millis): number {
    const picked = this.#picked;
    const count = this.#picker.pick(peer, Math.min(MAX_PICK, blocks), now, picked);
    for (let i = 0; i < count; i++) {
      const piece = picked[2 * i]!;
      const block = picked[2 * i + 1]!;
      peer.requests.add(piece, block, now);
      peer.request(piece, block, this.#layout.blockLength(piece, block));
    }
    return count;
  }

  blockLength(piece: PieceIndex, block: BlockIndex): number {
    return this.#layout.blockLength(piece, block);
  }

  onBlock(
    peer: BlockSource,
    piece: PieceIndex,
    begin: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const now = this.#context.now();
    const block = begin / BLOCK_SIZE;
    this.#pacing.onBlock(peer, length, now);
    const at = length === this.#layout.blockLength(piece, block) ? peer.requests.remove(piece, block) : -1;
    if (at < 0 && !peer.sendsMore) {
      this.#onUnsolicited(peer, length);
      return;
    }
    const wasAsked = at >= 0 && !peer.requests.removedLate;
    peer.onBlock(length, wasAsked ? now - peer.requests.sentAt(at) : null, now);
    this.rate.add(length, now);
    this.#context.traffic.down.add(length, now);
    if (!this.#active || this.#isHeld || this.#picker.onReceived(peer.slot, piece, block) !== "new") {
      this.wasted += length;
      return;
    }
    if (!this.#sawBlock) {
      this.#sawBlock = true;
      this.#owner.emit({ type: "first-block" });
    }
    this.#cancelElsewhere(piece, block, length);
    const { storeFlow, disk } = this.#context;
    const place = storeFlow.buffer.put(this.number, piece, block, this.#layout.dataSize(piece));
    if (place < 0) {
      this.#picker.onHashFailed(piece, [block]);
      this.wasted += length;
      return;
    }
    disk.copyIn(place, buffer, offset, length);
    if (this.#careful) storeFlow.buffer.flushAll(this.number);
    storeFlow.drain();
    if (this.#picker.isPieceComplete(piece)) this.#check(piece);
  }

  /** Verifies a piece whose blocks are all received. */
  #check(piece: PieceIndex): void {
    const { storeFlow, disk } = this.#context;
    storeFlow.buffer.flushPiece(this.number, piece, this.#layout.dataSize(piece));
    storeFlow.drain();
    this.#hashing++;
    disk.hash(this.storage, piece, this.#hashes, (error, digest) => {
      this.#hashing--;
      this.#onDigest(piece, error, digest);
      this.#checkIdle();
    });
  }

  /** Verifies complete pieces that were not verified yet: after a resume, those whose blocks were all on disk, and those without any. */
  checkAll(): void {
    for (const piece of [...this.#picker.partialPieces()]) this.#checkComplete(piece);
    for (let piece = 0; piece < this.#layout.pieceCount; piece++) {
      if (this.#layout.blockCount(piece) === 0) this.#checkComplete(piece);
    }
  }

  #checkComplete(piece: PieceIndex): void {
    if (this.#picker.isPieceComplete(piece)) this.#check(piece);
  }

  /** Blocks of the piece that others had sent were wrong. */
  onWaste(piece: PieceIndex, blocks: number): void {
    const bytes = Math.min(blocks * BLOCK_SIZE, this.#layout.dataSize(piece));
    this.wasted += bytes;
    this.failed += bytes;
  }

  onWritten(write: StoreWrite, error: ShoalError | null): void {
    this.#writing--;
    if (error !== null) {
      this.#loseBlocks(write.piece, write.firstBlock, write.blockCount);
      this.#owner.onDiskError(error);
    } else if (this.#careful) {
      this.#careful = false;
      this.#owner.onWritten();
    }
    this.#checkIdle();
  }

  onWriteStarted(): void {
    this.#writing++;
  }

  #onDigest(piece: PieceIndex, error: ShoalError | null, digest: PieceDigest | null): void {
    // A write of the piece failed meanwhile: its blocks are being asked for again.
    if (!this.#picker.isPieceComplete(piece)) return;
    if (error !== null || digest === null) {
      this.#picker.onHashFailed(piece, null);
      if (error !== null) this.#owner.onDiskError(error);
      return;
    }
    if (this.#hashes.verify(piece, digest)) this.#onRight(piece, digest);
    else this.#checkAgain(piece, digest);
  }

  #onRight(piece: PieceIndex, digest: PieceDigest): void {
    const contributors = this.#picker.contributors(piece);
    this.#picker.onVerified(piece);
    this.#owner.onVerified(piece, digest, contributors);
  }

  /** Before anybody is blamed: does this computer read twice the same? Also gives a digest for each block. */
  #checkAgain(piece: PieceIndex, first: PieceDigest): void {
    this.#hashing++;
    this.#context.disk.hash(
      this.storage,
      piece,
      { sha1: this.#hashes.sha1, merkle: this.#hashes.merkle, leaves: true },
      (error, digest) => {
        this.#hashing--;
        this.#onSecondDigest(piece, first, error, digest);
        this.#checkIdle();
      },
    );
  }

  #onSecondDigest(
    piece: PieceIndex,
    first: PieceDigest,
    error: ShoalError | null,
    digest: PieceDigest | null,
  ): void {
    if (!this.#picker.isPieceComplete(piece)) return;
    if (error !== null || digest === null) {
      this.#picker.onHashFailed(piece, null);
      if (error !== null) this.#owner.onDiskError(error);
    } else if (this.#hashes.verify(piece, digest)) {
      this.#owner.onUnstable(piece, false);
      this.#onRight(piece, digest);
    } else if (!isSameDigest(first, digest)) {
      this.#owner.onUnstable(piece, true);
    } else {
      this.#owner.onFailed(piece, digest, this.#picker.contributors(piece));
    }
  }

  #loseBlocks(piece: PieceIndex, first: BlockIndex, count: number): void {
    const blocks = Array.from({ length: count }, (_, i) => first + i);
    this.#picker.onHashFailed(piece, blocks);
    this.#context.disk.forget(this.storage, piece);
  }

  /** Throws when the picker and the queues of `sources` contradict each other. For tests and the simulator. */
  invariants(sources: Iterable<BlockSource>): void {
    exchangeInvariants(this.#picker, sources, this.#context.settings.maxOutstandingRequests);
  }

  #cancelElsewhere(piece: PieceIndex, block: BlockIndex, length: number): void {
    const count = this.#picker.otherRequesters(piece, block, this.#others);
    for (let i = 0; i < count; i++) {
      const slot = this.#others[i]!;
      this.#picker.release(slot, piece, block);
      const other = this.#owner.sourceInSlot(slot);
      if (other === undefined) continue;
      other.requests.bury(piece, block);
      other.cancel(piece, block, length);
      other.flush();
    }
  }

  #onUnsolicited(peer: BlockSource, length: number): void {
    this.wasted += length;
    if (++peer.unsolicited > MAX_UNSOLICITED) {
      throw new ShoalError("ERR_PROTOCOL", "The peer sends blocks that were not asked for");
    }
  }

  #checkIdle(): void {
    if (!this.isIdle) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

/** Whether two digests agree in all that both have. */
function isSameDigest(a: PieceDigest, b: PieceDigest): boolean {
  const sameSha1 = a.sha1 === null || b.sha1 === null || equalBytes(a.sha1, b.sha1);
  return sameSha1 && (a.root === null || b.root === null || equalBytes(a.root, b.root));
}

import { Bitfield } from "../base/bitfield.ts";
import type { Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { equalBytes } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { PieceHashes } from "../core/piece-hashes.ts";
import { PiecePicker } from "../core/picker/piece-picker.ts";
import { BLOCK_SIZE, type LayoutFile } from "../meta/layout.ts";
import { shortHashes } from "../meta/info-hash.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { Timer } from "../ports/clock.ts";
import type { PieceDigest } from "../ports/disk.ts";
import { encodeDontHave, encodeUploadOnly } from "../wire/extension.ts";
import type { AddOptions } from "./add-options.ts";
import { BadPieceJudge } from "./bad-piece-judge.ts";
import type { SessionContext } from "./context.ts";
import type { FileProgress } from "./events.ts";
import { HashExchange } from "./hash-exchange.ts";
import type { PeerConnection } from "./peer-connection.ts";
import { TorrentDownload } from "./torrent-download.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";
import { TorrentUpload } from "./torrent-upload.ts";

const WANTED = 4;
const NOT_WANTED = 0;
/** HAVE messages wait this long at most, so that several go out together. */
const HAVE_DELAY_MS = 50;
const CHECK_PROGRESS_MS = 100;
/** With the fast extension a choking peer rejects each request; one that doesn't loses them after this time. */
const REJECT_WAIT_MS = 10_000;

/** What the content asks and tells its torrent. */
export interface ContentOwner {
  readonly connectedPeers: ReadonlySet<PeerConnection>;
  peerInSlot(slot: PeerSlot): PeerConnection | undefined;
  ban(slot: PeerSlot, reason: string): void;
  onFirstBlock(): void;
  onChecked(checkedPieces: number, pieceCount: number): void;
  onPiece(piece: PieceIndex): void;
  onPeerComplete(peer: PeerConnection): void;
  onComplete(): void;
  /** Pieces that were there are gone. */
  onPiecesLost(): void;
  onWarning(error: ShoalError): void;
  onFailure(error: ShoalError): void;
}

/** What exists of a torrent once its metadata is known: files, picker, and both directions of the transfer. */
export class TorrentContent {
  readonly picker: PiecePicker;
  readonly download: TorrentDownload;
  readonly upload: TorrentUpload;
  readonly hashExchange: HashExchange;
  readonly #context: SessionContext;
  readonly #owner: ContentOwner;
  readonly #metainfo: Metainfo;
  readonly #options: AddOptions;
  readonly #files: TorrentFiles;
  readonly #hashes: PieceHashes;
  readonly #journal: TorrentJournal | null;
  readonly #judge: BadPieceJudge;
  /** Totals of earlier runs. */
  readonly #before: { readonly downloaded: number; readonly uploaded: number };
  /** Files that changed on disk and were told of. */
  readonly #warnedOf: Set<string> = new Set();
  readonly #newPieces: PieceIndex[] = [];
  /** Roots of pieces that were verified by SHA-1 alone, because their piece layer was not known yet. */
  readonly #unproved: Map<PieceIndex, Uint8Array> = new Map();
  #haveTimer: Timer | null = null;
  #active = false;
  #opened = false;
  #interestDirty = false;

  constructor(
    context: SessionContext,
    owner: ContentOwner,
    number: number,
    metainfo: Metainfo,
    options: AddOptions,
    files: TorrentFiles,
    journal: TorrentJournal | null,
  ) {
    const { layout } = metainfo;
    this.#context = context;
    this.#owner = owner;
    this.#metainfo = metainfo;
    this.#options = options;
    this.#journal = journal;
    this.#before = { downloaded: journal?.downloadedBefore ?? 0, uploaded: journal?.uploadedBefore ?? 0 };
    this.#hashes = new PieceHashes(metainfo);
    this.#files = files;
    this.picker = new PiecePicker(layout, context.rng);
    this.picker.setSequential(options.sequential ?? false);
    const { storage } = this.#files;
    this.download = new TorrentDownload(context, this, {
      number,
      layout,
      storage,
      picker: this.picker,
      hashes: this.#hashes,
    });
    this.upload = new TorrentUpload(context, this, storage);
    this.hashExchange = new HashExchange(context, this, layout, storage, this.#hashes);
    this.#judge = new BadPieceJudge(context, this, storage, this.picker, this.#hashes, this.hashExchange);
    this.#applyPriorities();
  }

  get connectedPeers(): ReadonlySet<PeerConnection> {
    return this.#owner.connectedPeers;
  }

  /** All wanted pieces are verified. */
  get isComplete(): boolean {
    return this.#opened && this.picker.isFinished && !this.#lacksLayers();
  }

  get isSeed(): boolean {
    return this.picker.have.isFull;
  }

  /** Nothing to do until somebody connects. */
  get isIdle(): boolean {
    return (
      this.#newPieces.length === 0 && (this.#journal?.isIdle ?? true) && (!this.#active || this.isComplete)
    );
  }

  get wantedBytes(): number {
    return this.#files.wantedBytes;
  }

  get haveBytes(): number {
    return this.#files.haveBytes;
  }

  get leftBytes(): number {
    return Math.max(0, this.wantedBytes - this.haveBytes);
  }

  get downloaded(): number {
    return this.download.rate.total + this.#before.downloaded;
  }

  get uploaded(): number {
    return this.upload.rate.total + this.#before.uploaded;
  }

  files(): FileProgress[] {
    return this.#files.progress();
  }

  // -- life cycle

  /**
   * Finds out what is on disk and makes ready to write. Throws ERR_FILE_EXISTS, ERR_NO_SPACE and ERR_DISK before anything is
   * changed.
   */
  async open(): Promise<void> {
    if (this.#opened) return;
    for (const warning of this.#files.warnings) this.#owner.onWarning(new ShoalError("ERR_PATH", warning));
    const { check = "resume", seedOnly = false } = this.#options;
    if (check === "none") {
      for (let piece = 0; piece < this.#metainfo.layout.pieceCount; piece++) this.#setHave(piece);
    } else if (seedOnly) {
      await this.#check(this.#allPieces());
    } else {
      await this.#openForDownload(check === "full");
    }
    this.#opened = true;
    await this.#files.rememberStats();
  }

  async #openForDownload(fullCheck: boolean): Promise<void> {
    const files = this.#files;
    const journal = this.#journal!;
    const stats = await files.stat();
    const resumed = journal.resume(stats, this.#metainfo.layout);
    const foreign = files.foreign(stats, journal);
    if (foreign.length > 0) {
      const mayBeComplete = files.areFullSize(stats);
      if (this.#options.existing !== "overwrite" && !mayBeComplete) throw files.fileExists(foreign[0]!.index);
      await this.#check(this.#allPieces());
      if (this.#options.existing !== "overwrite" && !this.picker.isFinished) {
        for (const piece of [...this.picker.have]) this.#loseHave(piece);
        throw files.fileExists(foreign[0]!.index);
      }
    } else if (fullCheck) {
      await this.#check(this.#allPieces());
    } else {
      for (const piece of resumed.claimed) this.#setHave(piece);
      await this.#check(resumed.recheck);
      for (const [piece, mask] of resumed.masks) this.picker.restoreBlocks(piece, mask);
    }
    await files.assertSpace();
    const { layout } = this.#metainfo;
    await journal.begin(layout, this.#options.downloadDir, files, stats, this.picker.have, resumed.claimed);
    await this.#context.disk.prepare(files.storage, {
      truncateLonger: this.#options.existing === "overwrite",
    });
  }

  activate(): void {
    this.#active = true;
    this.download.start();
    for (const piece of [...this.picker.partialPieces()]) this.download.checkComplete(piece);
    const { layout } = this.#metainfo;
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      if (layout.blockCount(piece) === 0) this.download.checkComplete(piece);
    }
  }

  pause(): void {
    this.#active = false;
    this.download.stop();
    this.#haveTimer?.cancel();
    this.#haveTimer = null;
    void this.#save();
  }

  async recheck(): Promise<void> {
    this.pause();
    await this.download.flush();
    for (const piece of [...this.picker.have]) this.#loseHave(piece);
    for (const piece of [...this.picker.partialPieces()]) this.picker.onHashFailed(piece, null);
    await this.#check(this.#allPieces());
    await this.#journal?.replace(this.picker.have);
    await this.#files.rememberStats();
  }

  async close(how: { forget: boolean; deleteData: boolean }): Promise<void> {
    this.#active = false;
    this.#haveTimer?.cancel();
    this.download.stop();
    this.upload.stop();
    await this.#save();
    this.#context.storeFlow.unregister(this.download.number);
    await this.#context.disk.close(this.#files.storage);
    if (how.forget) await this.#journal?.remove();
    else await this.#journal?.close();
  }

  /** Puts what was received on disk and in the journal. */
  async #save(): Promise<void> {
    await this.download.flush();
    if (this.#journal === null || !this.#opened) return;
    const masks: [PieceIndex, Uint8Array][] = [];
    for (const piece of this.picker.partialPieces()) {
      const mask = this.picker.blockMask(piece);
      if (mask !== null) masks.push([piece, mask]);
    }
    const { downloaded, uploaded } = this;
    await this.#journal.save(this.#metainfo.layout, this.#files, masks, { downloaded, uploaded });
  }

  // -- peers

  onAdmitted(peer: PeerConnection): void {
    this.#judge.forget(peer.slot);
    // A peer that has something already can trade.
    if (peer.session.have !== null && !peer.session.have.isEmpty) return;
    const { infoHashes, layout } = this.#metainfo;
    this.upload.grantFastSet(peer, shortHashes(infoHashes)[0]!, layout.pieceCount);
  }

  /** Tells a peer that connected before the content was known what we have. */
  stateHave(peer: PeerConnection): void {
    for (const piece of this.picker.have) peer.session.out.have(piece);
  }

  onHaveKnown(peer: PeerConnection): void {
    if (peer.inPicker) this.picker.onPeerBitfield(peer);
    else this.#addToPicker(peer);
    peer.complete = peer.have.isFull;
    this.#updateInterest(peer);
  }

  onHave(peer: PeerConnection, piece: PieceIndex): void {
    if (peer.inPicker) this.picker.onPeerHave(peer, piece);
    else this.#addToPicker(peer);
    if (!peer.session.amInterested) this.#updateInterest(peer);
    if (!peer.complete && peer.have.isFull) {
      peer.complete = true;
      this.#owner.onPeerComplete(peer);
    }
  }

  onDontHave(peer: PeerConnection, piece: PieceIndex): void {
    if (peer.inPicker) this.picker.onPeerDontHave(peer, piece);
    this.#interestDirty = true;
  }

  onChoke(peer: PeerConnection): void {
    peer.timeout.onChoke();
    peer.chokedAt = this.#context.now();
    // With the fast extension each request is answered by a block or a reject (BEP 6).
    if (!peer.session.fast) this.#releaseRequests(peer);
  }

  onUnchoke(peer: PeerConnection): void {
    peer.timeout.onUnchoke(this.#context.now());
  }

  onReject(peer: PeerConnection, piece: PieceIndex, begin: number): void {
    const block = Math.floor(begin / BLOCK_SIZE);
    if (peer.requests.remove(piece, block) >= 0) this.picker.release(peer.slot, piece, block);
  }

  onPeerGone(peer: PeerConnection): void {
    this.hashExchange.onPeerGone(peer);
    if (!peer.inPicker) return;
    this.picker.removePeer(peer);
    peer.inPicker = false;
  }

  afterInput(peer: PeerConnection): void {
    this.download.refill(peer);
    this.upload.serve(peer);
  }

  /** There is room for requests again. */
  refillAll(): void {
    for (const peer of this.#owner.connectedPeers) {
      this.download.refill(peer);
      peer.flush();
    }
  }

  onTick(now: Millis): void {
    if (!this.#active) return;
    const dirty = this.#interestDirty;
    this.#interestDirty = false;
    let fastest = 0;
    for (const peer of this.#owner.connectedPeers) fastest = Math.max(fastest, peer.pipeline.rate(now));
    for (const peer of this.#owner.connectedPeers) {
      if (dirty) this.#updateInterest(peer);
      const rate = peer.pipeline.rate(now);
      peer.speed = rate * 10 < fastest || fastest === 0 ? 0 : rate * 2 < fastest ? 1 : 2;
      this.#expire(peer, now);
      this.download.refill(peer);
      this.upload.serve(peer);
      peer.flush();
      if (this.#isMeetingOfSeeds(peer)) {
        peer.hadNothingToDo = true;
        peer.close(new ShoalError("ERR_CONNECT", "Neither side needs anything"));
      }
    }
    this.hashExchange.onTick(now);
    this.#judge.onTick(now);
    this.#journal?.onTick(now, this.#metainfo.layout, this.#files);
    if (this.#owner.connectedPeers.size > 0) this.#watchFiles(now);
  }

  // -- what the download tells

  peerInSlot(slot: PeerSlot): PeerConnection | undefined {
    return this.#owner.peerInSlot(slot);
  }

  onFirstBlock(): void {
    this.#owner.onFirstBlock();
  }

  onVerified(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    this.#journal?.onPiece(piece, this.#metainfo.layout);
    this.#judge.onVerified(piece, digest, contributors);
    if (digest.root !== null && this.#hashes.root(piece) === null) this.#unproved.set(piece, digest.root);
    this.#files.count(piece, true);
    this.#announce(piece);
    this.#owner.onPiece(piece);
    this.#interestDirty = true;
    if (this.isComplete) this.#onComplete();
  }

  onFailed(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    this.#judge.onFailed(piece, digest, contributors);
  }

  onDiskError(error: ShoalError): void {
    this.#owner.onFailure(error);
  }

  // -- what the upload and the hash exchange ask

  hasPiece(piece: PieceIndex): boolean {
    return this.picker.have.get(piece);
  }

  onReadError(piece: PieceIndex, error: ShoalError): void {
    if (!this.picker.have.get(piece)) return;
    this.#files.forgetWatch();
    this.#onLost([piece], error);
  }

  /** What is served must be what was verified: files that were not looked at lately are looked at first. */
  mayServe(): boolean {
    const now = this.#context.now();
    if (this.#files.isWatched(now)) return true;
    this.#watchFiles(now);
    return false;
  }

  onPieceLayer(file: LayoutFile): void {
    if (!this.isSeed) this.#applyPriorities();
    for (let piece = file.firstPiece; piece < file.endPiece; piece++) {
      const root = this.#unproved.get(piece);
      if (root === undefined) continue;
      this.#unproved.delete(piece);
      if (equalBytes(root, this.#hashes.root(piece)!)) continue;
      this.#owner.onFailure(
        new ShoalError(
          "ERR_VERIFY",
          "The torrent describes two different contents, one for v1 and one for v2",
        ),
      );
      return;
    }
    this.#interestDirty = true;
    if (this.isComplete) this.#onComplete();
  }

  ban(slot: PeerSlot, reason: string): void {
    this.#owner.ban(slot, reason);
  }

  onWarning(error: ShoalError): void {
    this.#owner.onWarning(error);
  }

  onWaste(piece: PieceIndex, blocks: number): void {
    this.download.wasted += Math.min(blocks * BLOCK_SIZE, this.#metainfo.layout.dataSize(piece));
  }

  onLeaves(piece: PieceIndex, leaves: Uint8Array): void {
    this.#judge.onLeaves(piece, leaves);
  }

  // --

  #onComplete(): void {
    this.#flushHaves();
    for (const peer of this.#owner.connectedPeers) {
      this.#updateInterest(peer);
      peer.session.sendExtended("upload_only", encodeUploadOnly(true));
      peer.flush();
    }
    this.#owner.onComplete();
  }

  #allPieces(): Bitfield {
    const all = new Bitfield(this.#metainfo.layout.pieceCount);
    all.setAll();
    return all;
  }

  async #check(pieces: Bitfield): Promise<void> {
    let told = -Infinity;
    await this.#files.check(
      pieces,
      this.#hashes,
      (piece) => this.#setHave(piece),
      (done, total) => {
        const now = this.#context.now();
        if (done < total && now - told < CHECK_PROGRESS_MS) return;
        told = now;
        this.#owner.onChecked(done, total);
      },
    );
  }

  #setHave(piece: PieceIndex): void {
    if (this.picker.have.get(piece)) return;
    this.picker.setHave(piece);
    this.#files.count(piece, true);
  }

  #loseHave(piece: PieceIndex): void {
    this.picker.clearHave(piece);
    this.#files.count(piece, false);
  }

  /** What is not wanted, or can't be verified yet, is not requested. */
  #applyPriorities(): void {
    const { pieceCount } = this.#metainfo.layout;
    const seedOnly = this.#options.seedOnly === true;
    for (let piece = 0; piece < pieceCount; piece++) {
      const wanted = !seedOnly && this.#files.isWantedPiece(piece) && this.#hashes.canVerify(piece);
      this.picker.setPriority(piece, wanted ? WANTED : NOT_WANTED);
    }
  }

  /** Wanted pieces wait for hashes. */
  #lacksLayers(): boolean {
    if (this.#hashes.sha1 || this.#options.seedOnly === true) return false;
    return this.#hashes.missingLayers().some((file) => this.#files.isWantedFile(file.index));
  }

  #addToPicker(peer: PeerConnection): void {
    this.picker.addPeer(peer);
    peer.inPicker = true;
  }

  #updateInterest(peer: PeerConnection): void {
    peer.session.setInterested(this.#active && peer.inPicker && this.picker.isInteresting(peer));
  }

  #releaseRequests(peer: PeerConnection): void {
    peer.requests.clear((piece, block) => this.picker.release(peer.slot, piece, block));
  }

  /** Takes back what the peer doesn't deliver in time, so that others can be asked. */
  #expire(peer: PeerConnection, now: Millis): void {
    if (peer.requests.length === 0) return;
    if (peer.choked && peer.allowedFast.size === 0 && now - peer.chokedAt > REJECT_WAIT_MS) {
      this.#releaseRequests(peer);
      return;
    }
    const silent = peer.timeout.expire(peer.requests, peer.pipeline.latency, now, (piece, block) =>
      this.picker.release(peer.slot, piece, block),
    );
    if (silent) peer.pipeline.onTimeout();
  }

  #isMeetingOfSeeds(peer: PeerConnection): boolean {
    return (
      this.isSeed &&
      peer.inPicker &&
      peer.have.isFull &&
      peer.uploads.length === 0 &&
      peer.readsUnderWay === 0
    );
  }

  #announce(piece: PieceIndex): void {
    this.#newPieces.push(piece);
    this.#haveTimer ??= this.#context.clock.setTimer(HAVE_DELAY_MS, () => {
      this.#haveTimer = null;
      this.#flushHaves();
    });
  }

  /** Tells everybody about new pieces; also those that have them, who else would not see our progress. */
  #flushHaves(): void {
    const pieces = this.#newPieces.splice(0);
    if (pieces.length === 0) return;
    for (const peer of this.#owner.connectedPeers) {
      for (const piece of pieces) peer.session.out.have(piece);
      peer.flush();
    }
  }

  #watchFiles(now: Millis): void {
    void this.#files
      .watch(now, (file) => this.#onFileChanged(file))
      .then((looked) => {
        if (looked && this.#active) for (const peer of this.#owner.connectedPeers) this.upload.serve(peer);
      });
  }

  /** Somebody changed a file that we share. What was downloaded is not fetched again over somebody's changes. */
  #onFileChanged(file: LayoutFile): void {
    const path = this.#files.paths[file.index]!;
    const pieces: PieceIndex[] = [];
    for (let piece = file.firstPiece; piece < file.endPiece; piece++)
      if (this.hasPiece(piece)) pieces.push(piece);
    this.#onLost(pieces, new ShoalError("ERR_FILE_CHANGED", `${path} changed on disk`, { path }));
    const lost = new Bitfield(this.#metainfo.layout.pieceCount);
    for (const piece of pieces) lost.set(piece);
    void this.#check(lost).then(() => {
      for (const piece of pieces) if (this.hasPiece(piece)) this.#announce(piece);
      if (pieces.every((piece) => this.hasPiece(piece))) this.#warnedOf.delete(path);
    });
  }

  /** Pieces that we claimed are no longer there. */
  #onLost(pieces: readonly PieceIndex[], error: ShoalError): void {
    for (const piece of pieces) {
      this.picker.setPriority(piece, NOT_WANTED);
      this.#loseHave(piece);
      this.#journal?.onLost(piece);
      for (const peer of this.#owner.connectedPeers)
        peer.session.sendExtended("lt_donthave", encodeDontHave(piece));
    }
    this.#interestDirty = true;
    const { path } = error.details;
    const about = typeof path === "string" ? path : error.message;
    if (this.#warnedOf.has(about)) return;
    this.#warnedOf.add(about);
    this.#owner.onWarning(error);
    this.#owner.onPiecesLost();
  }
}

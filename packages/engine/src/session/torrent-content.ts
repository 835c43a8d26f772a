import type { Bitfield } from "../base/bitfield.ts";
import type { FileIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { DiskTrouble } from "../core/disk-trouble.ts";
import type { FilePriority } from "../core/file-selection.ts";
import { PieceHashes } from "../core/piece-hashes.ts";
import { PiecePicker } from "../core/picker/piece-picker.ts";
import { BLOCK_SIZE, type LayoutFile } from "../meta/layout.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { PieceDigest } from "../ports/disk.ts";
import type { AddOptions, PieceOrder } from "./add-options.ts";
import { BadPieceJudge } from "./bad-piece-judge.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import { ContentAmounts } from "./content-amounts.ts";
import type { ContentOwner } from "./content-owner.ts";
import { SpaceWatch } from "./space-watch.ts";
import { DiskRecovery } from "./disk-recovery.ts";
import type { FileProgress, PieceMap, TorrentEvent } from "./events.ts";
import { grantCommonPieces } from "./fast-grants.ts";
import { HashExchange } from "./hash-exchange.ts";
import type { PeerConnection } from "./peer-connection.ts";
import { PieceExchange } from "./piece-exchange.ts";
import { TorrentDownload } from "./torrent-download.ts";
import { TorrentDeliveries } from "./torrent-deliveries.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";
import { TorrentPieces } from "./torrent-pieces.ts";
import { TorrentPlace } from "./torrent-place.ts";
import { TorrentUpload } from "./torrent-upload.ts";
import { WebSeeds } from "./web-seeds.ts";

/** What exists of a torrent once its metadata is known: files, pieces, and the exchange of both with peers. */
export class TorrentContent {
  readonly exchange: PieceExchange;
  readonly download: TorrentDownload;
  readonly upload: TorrentUpload;
  readonly hashExchange: HashExchange;
  readonly webSeeds: WebSeeds;
  readonly place: TorrentPlace;
  readonly recovery: DiskRecovery;
  readonly amounts: ContentAmounts;
  readonly #space: SpaceWatch;
  readonly #context: SessionContext;
  readonly #owner: ContentOwner;
  readonly #metainfo: Metainfo;
  readonly #picker: PiecePicker;
  readonly #pieces: TorrentPieces;
  readonly #files: TorrentFiles;
  readonly #journal: TorrentJournal | null;
  readonly #judge: BadPieceJudge;
  readonly #deliveries: TorrentDeliveries;
  #active = false;
  #opened = false;
  /** Completion was told, and nothing was lost since. */
  #toldComplete = false;
  /** Found by a check, and not told to peers yet. */
  #found: readonly PieceIndex[] = [];

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
    const { storage } = files;
    const picker = new PiecePicker(layout, context.rng);
    picker.setSequential(options.sequential ?? false);
    const hashes = new PieceHashes(metainfo);
    this.#context = context;
    this.#owner = owner;
    this.#metainfo = metainfo;
    this.#journal = journal;
    this.#files = files;
    this.#picker = picker;
    this.place = new TorrentPlace(context, owner, layout, files, journal);
    const { place } = this;
    this.#pieces = new TorrentPieces(context, this, {
      layout,
      options,
      files,
      hashes,
      picker,
      journal,
      place,
      rank: () => owner.rank,
    });
    this.download = new TorrentDownload(context, this, {
      ...{ number, layout, storage, picker, hashes },
      limit: owner.limits.down,
    });
    this.#deliveries = new TorrentDeliveries(context, number, metainfo, files);
    this.upload = new TorrentUpload(context, this, storage, owner.limits.up);
    this.amounts = new ContentAmounts(files, this.download, this.upload, journal);
    this.exchange = new PieceExchange(context, this, picker, this.download, this.upload);
    this.recovery = new DiskRecovery(context, this, this.exchange);
    this.#space = new SpaceWatch(context, files, this);
    this.hashExchange = new HashExchange(context, this, layout, storage, hashes);
    this.webSeeds = new WebSeeds(context, this, picker, metainfo);
    this.#judge = new BadPieceJudge(context, this, storage, picker, hashes, this.hashExchange);
  }

  get connectedPeers(): ReadonlySet<PeerConnection> {
    return this.#owner.swarm.connected;
  }

  get sources(): readonly BlockSource[] {
    return [...this.connectedPeers, ...this.webSeeds.inUse];
  }

  /** Verified pieces; read only. */
  get have(): Bitfield {
    return this.#picker.have;
  }

  get wantsHashes(): boolean {
    return this.hashExchange.isWaiting;
  }

  /** All wanted pieces are verified. */
  get isComplete(): boolean {
    return this.#pieces.isComplete;
  }

  /** Pieces are wanted and not there. */
  get wantsPieces(): boolean {
    return this.#pieces.wantsPieces;
  }

  get isSeed(): boolean {
    return this.#picker.have.isFull;
  }

  /** Nothing to do until somebody connects, or until `nextDeadline`. */
  get isIdle(): boolean {
    if (this.exchange.hasNews || !(this.#journal?.isIdle ?? true)) return false;
    if (!this.#active || this.isComplete) return true;
    return this.download.isIdle && !this.#judge.isWaiting && this.webSeeds.asked === 0;
  }

  nextDeadline(): Millis {
    if (!this.#active) return Infinity;
    return Math.min(this.#journal?.nextDeadline() ?? Infinity, this.webSeeds.nextDeadline());
  }

  onLimitLowered(): void {
    this.download.onLimitLowered(this.sources);
  }

  files(): FileProgress[] {
    return this.#files.progress();
  }

  pieces(): PieceMap {
    const peers = new Uint16Array(this.#metainfo.layout.pieceCount);
    for (let piece = 0; piece < peers.length; piece++) peers[piece] = this.#picker.availability(piece);
    return { have: this.have.toWire(), peers };
  }

  // -- what is wanted

  /** See `TorrentPieces.setPriorities` for what it throws. */
  async setFilePriorities(priorities: ReadonlyMap<FileIndex, FilePriority>): Promise<void> {
    await this.#pieces.setPriorities(priorities);
    if (!this.#active) return;
    this.exchange.onWishesChanged();
    this.#checkComplete();
    if (this.#picker.isFinished) return;
    if (this.#toldComplete) this.exchange.tellUploadOnly(false);
    this.#toldComplete = false;
    this.#owner.onIncomplete();
  }

  setOrder({ sequential, firstLast }: PieceOrder): void {
    if (sequential !== undefined) this.#picker.setSequential(sequential);
    if (firstLast !== undefined) this.#pieces.setFirstLast(firstLast);
  }

  // -- life cycle

  /**
   * Finds out what is on disk and makes ready to write; see `TorrentPieces.open` for what it throws. Later calls find out what
   * became of the files, see `TorrentPieces.reopen`.
   */
  async open(refetches: boolean = false): Promise<void> {
    if (this.#opened) {
      if (this.#active) await this.pause();
      await this.#pieces.reopen(refetches);
      return;
    }
    for (const warning of this.#files.warnings) this.onWarning(new ShoalError("ERR_PATH", warning));
    this.#opened = await this.#pieces.open(refetches);
  }

  activate(): void {
    this.#active = true;
    this.exchange.goOn(this.recovery.isTrying);
    this.#toldComplete = this.isComplete;
    this.#pieces.lost.start();
    this.exchange.start();
    this.webSeeds.start();
    this.hashExchange.start();
    this.exchange.announceAll(this.#found);
    this.#found = [];
    this.download.checkAll();
  }

  /** Stops the exchange; what was received is put on disk. */
  async pause(): Promise<void> {
    this.#active = false;
    this.webSeeds.stop();
    this.exchange.stop();
    this.#judge.onPause();
    this.#pieces.stop();
    await this.#save();
    if (this.#opened && this.#pieces.isDownloading) await this.#pieces.lost.watch.rest();
  }

  /** Peers stay connected; nothing is exchanged with them meanwhile. */
  async recheck(): Promise<void> {
    if (!this.#opened) await this.open();
    this.exchange.standStill();
    await this.pause();
    if (this.#opened) this.#found = (await this.#pieces.recheck()) ?? [];
  }

  /** Lets a check of the files that is under way end at once; the next `open` begins it anew. */
  cancelCheck(): void {
    this.#pieces.cancelCheck();
  }

  /** Its files are to be checked, after those of so many others; null unless it waits for that. */
  get checksBefore(): number | null {
    return this.#pieces.checksBefore;
  }

  onCheckLine(): void {
    this.#owner.onActive();
  }

  /** Gives the files back; after a pause. */
  async close(): Promise<void> {
    this.recovery.stop();
    this.#context.storeFlow.unregister(this.download.number);
    await this.#context.disk.close(this.#files.storage);
  }

  /** Puts what was received on disk and in the journal. */
  async #save(): Promise<void> {
    await this.download.flush();
    if (this.#journal === null || !this.#opened) return;
    await this.#journal.save(this.#metainfo.layout, this.#files, this.#picker.blockMasks(), this.amounts);
  }

  // -- peers

  onAdmitted(peer: PeerConnection): void {
    this.onNamed(peer);
    // Nobody looked while nobody was there.
    if (this.#owner.swarm.connected.size === 1) this.#pieces.lost.watch.distrust();
    // A peer that has something already can trade.
    if (peer.session.have !== null && !peer.session.have.isEmpty) return;
    const others = this.#owner.swarm.connected.size - 1;
    grantCommonPieces(this.upload, this.#picker, this.#metainfo, peer, others);
  }

  onPeerGone(peer: PeerConnection): void {
    this.hashExchange.onPeerGone(peer);
    this.exchange.onPeerGone(peer);
    this.#deliveries.onPeerGone(peer);
  }

  onTick(now: Millis): void {
    if (!this.#active) return;
    this.webSeeds.onTick(now);
    this.exchange.onTick(now);
    this.hashExchange.onTick(now);
    this.#judge.onTick(now);
    this.#space.onTick(now);
    this.#deliveries.onTick(now);
    this.#journal?.onTick(now, this.#metainfo.layout, this.#files, !this.wantsPieces);
    const trouble = this.#journal?.takeTrouble() ?? null;
    if (trouble !== null) this.onWarning(trouble);
    if (this.#owner.swarm.connected.size > 0) this.#look();
  }

  // -- what the parts tell and ask

  sourceInSlot(slot: PeerSlot): BlockSource | undefined {
    return this.#owner.swarm.inSlot(slot) ?? this.webSeeds.inSlot(slot);
  }

  onNamed(source: BlockSource): void {
    this.#judge.onAdmitted(source);
    this.#deliveries.onAdmitted(source);
  }

  hasPiece(piece: PieceIndex): boolean {
    return this.#pieces.has(piece);
  }

  ban(slot: PeerSlot, reason: string): void {
    this.#owner.swarm.ban(slot, reason);
    this.webSeeds.ban(slot, reason);
  }

  emit(event: TorrentEvent): void {
    this.#owner.emit(event);
  }

  onVerified(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    this.#pieces.onVerified(piece, digest);
    this.#judge.onVerified(piece, digest, contributors);
    this.#deliveries.onVerified(piece, contributors);
    this.recovery.onVerified();
    this.exchange.announce(piece);
    this.exchange.reconsiderInterest();
    this.#owner.emit({ type: "piece", piece });
    this.#checkComplete();
  }

  onFailed(piece: PieceIndex, digest: PieceDigest, contributors: readonly PeerSlot[]): void {
    this.#judge.onFailed(piece, digest, contributors);
  }

  onWritten(): void {
    this.recovery.onWritten();
  }

  onUnstable(piece: PieceIndex, again: boolean): void {
    this.#judge.onUnstable(piece, again);
  }

  onDiskError(error: ShoalError): void {
    // After a pause there is nobody to ask again; the next start meets the error by itself.
    if (!this.#active) return;
    if (error.code === "ERR_FILES_MISSING" || error.code === "ERR_FILE_CHANGED") this.onFilesAway();
    else this.recovery.onError(error);
  }

  spaceNeeded(path: string | null): { path: string; needed: number } {
    return this.#files.spaceNeeded(
      path,
      Math.min(this.amounts.left, this.#picker.missingBlocks * BLOCK_SIZE),
    );
  }

  async looksMended(error: ShoalError): Promise<boolean> {
    if (this.#opened) return this.#pieces.lost.looksMended(error);
    return error.code !== "ERR_FILES_MISSING" || this.#pieces.hasAllFiles();
  }

  onMended(): void {
    this.#owner.onMended();
  }

  onFilesAway(): void {
    if (this.#active) this.#owner.onFilesAway();
  }

  get writes(): boolean {
    return this.#active && this.wantsPieces && this.recovery.trouble === null;
  }

  /** What is wrong with the disk or the files; null when nothing is. */
  get trouble(): DiskTrouble | null {
    return this.#pieces.lost.trouble ?? this.recovery.trouble;
  }

  onSent(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void {
    this.#deliveries.onSent(peer.slot, piece, begin, length);
  }

  willRead(piece: PieceIndex): void {
    this.#pieces.willRead(piece);
  }

  onReadError(piece: PieceIndex, error: ShoalError): void {
    this.#pieces.lost.onReadError(piece, error);
  }

  mayServe(piece: PieceIndex): boolean {
    if (this.#pieces.lost.watch.isFresh(this.#context.now())) return this.#pieces.mayRead(piece);
    this.#look();
    return false;
  }

  onProved(): void {
    if (this.#active) this.exchange.serveAll();
  }

  onLost(pieces: readonly PieceIndex[]): void {
    this.#toldComplete = false;
    this.exchange.withdraw(pieces);
    this.#owner.onPiecesLost();
  }

  onFound(pieces: readonly PieceIndex[]): void {
    if (!this.#active) return;
    for (const piece of pieces) this.exchange.announce(piece);
    this.#toldComplete = this.isComplete;
    this.#owner.onPiecesFound();
  }

  onPieceLayer(file: LayoutFile): void {
    this.#pieces.onPieceLayer(file);
    this.exchange.reconsiderInterest();
    this.#checkComplete();
  }

  onLeaves(piece: PieceIndex, leaves: Uint8Array): void {
    this.#judge.onLeaves(piece, leaves);
  }

  onWaste(piece: PieceIndex, blocks: number): void {
    this.download.onWaste(piece, blocks);
  }

  onWarning(error: ShoalError): void {
    this.#owner.emit({ type: "warning", error });
  }

  onFailure(error: ShoalError): void {
    // What failed is not complete, whatever else is found out.
    this.#active = false;
    this.#owner.onFailure(error);
  }

  onPeerComplete(peer: PeerConnection): void {
    this.#owner.emit({ type: "peer-complete", peer: peer.info(this.#context.now()) });
  }

  #checkComplete(): void {
    if (!this.#active || this.#toldComplete || !this.isComplete) return;
    this.#toldComplete = true;
    this.exchange.tellUploadOnly(true);
    this.#owner.onComplete();
  }

  /** Looks whether the files are still what they were; serving waits for that. */
  #look(): void {
    void this.#pieces.lost.look(this.#context.now()).then((looked) => {
      if (looked && this.#active) this.exchange.serveAll();
    });
  }
}

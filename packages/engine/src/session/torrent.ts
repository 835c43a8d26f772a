import type { Bitfield } from "../base/bitfield.ts";
import type { Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { toHex, utf8 } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { type InfoHashes, primaryKey } from "../meta/info-hash.ts";
import type { Magnet } from "../meta/magnet.ts";
import { type Metainfo, parseInfo, parseMetainfo } from "../meta/metainfo.ts";
import { encodeTorrent } from "../meta/torrent-file.ts";
import type { Endpoint } from "../ports/net.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { FileProgress, PeerInfo, TorrentEvent, TorrentState, TorrentStats } from "./events.ts";
import type { PeerConnection } from "./peer-connection.ts";
import { TorrentContent } from "./torrent-content.ts";
import { TorrentFiles } from "./torrent-files.ts";
import { TorrentJournal } from "./torrent-journal.ts";
import { TorrentMetadata } from "./torrent-metadata.ts";
import { TorrentSwarm } from "./torrent-swarm.ts";
import { resolveSource } from "./torrent-source.ts";
import { torrentStats } from "./torrent-stats.ts";
import { TorrentTrackers } from "./torrent-trackers.ts";
import type { TrackerResult } from "./tracker-client.ts";

/** What a torrent tells its session. */
export interface TorrentOwner {
  onEvent(event: TorrentEvent): void;
  /** The torrent got another info-hash (a hybrid found by one of its two). Throws ERR_DUPLICATE_TORRENT. */
  onHashesKnown(): void;
  /** There is something to do now: `onTick` is wanted. */
  onActive(): void;
}

/** One torrent of a session: its life from adding to closing, and what it tells about itself. */
export class Torrent {
  /** Small number, unique in the session. */
  readonly number: number;
  /** For the session: the peers. */
  readonly swarm: TorrentSwarm;
  readonly metadata: TorrentMetadata;
  readonly #context: SessionContext;
  readonly #owner: TorrentOwner;
  readonly #options: AddOptions;
  readonly #listeners: Set<(event: TorrentEvent) => void> = new Set();
  readonly #magnet: Magnet | null;
  readonly #trackers: TorrentTrackers;
  #infoHashes: InfoHashes;
  #metainfo: Metainfo | null;
  #content: TorrentContent | null = null;
  #journal: TorrentJournal | null = null;
  #state: TorrentState = "paused";
  #error: ShoalError | null = null;
  /** Steps of the life cycle come one after another: a pause is finished before a resume begins. */
  #steps: Promise<void> = Promise.resolve();
  /** Counts what was asked for: a step that was overtaken by another wish doesn't bring the torrent to life. */
  #wish = 0;
  #closed = false;

  constructor(context: SessionContext, number: number, options: AddOptions, owner: TorrentOwner) {
    this.#context = context;
    this.number = number;
    this.#options = options;
    this.#owner = owner;
    if (options.listener !== undefined) this.#listeners.add(options.listener);
    const { metainfo, magnet, infoHashes } = resolveSource(options, context.hasher);
    this.#metainfo = metainfo;
    this.#magnet = magnet;
    this.#infoHashes = infoHashes;
    this.metadata = new TorrentMetadata(context, this, infoHashes, metainfo?.infoBytes ?? null);
    this.swarm = new TorrentSwarm(context, this);
    this.#trackers = new TorrentTrackers(context, this);
  }

  get infoHashes(): InfoHashes {
    return this.#infoHashes;
  }

  /** Display name; the magnet's, or the info-hash, until the metadata is known. Unchecked text: clean it before printing. */
  get name(): string {
    return this.#metainfo?.name ?? this.#magnet?.name ?? primaryKey(this.#infoHashes);
  }

  get metainfo(): Metainfo | null {
    return this.#metainfo;
  }

  /** For the parts of the torrent: what exists once the metadata is known. */
  get content(): TorrentContent | null {
    return this.#content;
  }

  get state(): TorrentState {
    return this.#state;
  }

  /** Why the state is "error". */
  get error(): ShoalError | null {
    return this.#error;
  }

  /** Connections may be made and taken. */
  get isOpenToPeers(): boolean {
    return !this.#closed && this.#state !== "paused" && this.#state !== "error" && this.#state !== "checking";
  }

  /** Nothing to do until somebody connects or an answer comes. */
  get isDormant(): boolean {
    const contentIsIdle = this.#content?.isIdle ?? this.#state !== "metadata";
    return this.#closed || (this.swarm.connections.isIdle && contentIsIdle);
  }

  /** The rates have come down to nothing: there is nothing new to show. */
  isStill(now: Millis): boolean {
    const content = this.#content;
    return content === null || (content.download.rate.rate(now) === 0 && content.upload.rate.rate(now) === 0);
  }

  on(listener: (event: TorrentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  peers(): PeerInfo[] {
    const now = this.#context.now();
    return [...this.swarm.connected].map((peer) => peer.info(now));
  }

  /** Empty while the metadata is unknown. Pad files are left out. */
  files(): FileProgress[] {
    return this.#content?.files() ?? [];
  }

  stats(now: Millis = this.#context.now()): TorrentStats {
    return torrentStats(
      {
        state: this.#state,
        pieceCount: this.#metainfo?.layout.pieceCount ?? 0,
        content: this.#content,
        swarm: this.swarm,
        trackers: this.#trackers,
        metadata: this.metadata,
        diskBusy: this.#context.storeFlow.buffer.underPressure,
      },
      now,
    );
  }

  /** Adds an address to try. */
  addPeer(endpoint: Endpoint): void {
    this.swarm.add(endpoint, "user");
  }

  // -- life cycle

  /** For the session: opens the resume data. Throws ERR_LOCKED when another process has the torrent. */
  async open(): Promise<void> {
    if (this.#options.seedOnly === true) return;
    const root = this.#context.hasher.sha1(utf8(this.#options.downloadDir)).subarray(0, 4);
    const key = `${primaryKey(this.#infoHashes)}${toHex(root)}`;
    const partPath = this.#context.store.partPath(key);
    const journal = await TorrentJournal.open(this.#context, { infoHashes: this.#infoHashes, key, partPath });
    this.#journal = journal;
    if (journal.metainfo === null || this.#metainfo !== null) return;
    this.#metainfo = parseMetainfo(journal.metainfo, this.#context.hasher);
    this.#infoHashes = this.#metainfo.infoHashes;
    this.metadata.know(this.#metainfo.infoBytes);
    this.#owner.onHashesKnown();
  }

  /** For the session, once: starts working. */
  start(): void {
    for (const peer of this.#options.peers ?? []) this.swarm.add(peer, "user");
    for (const peer of this.#magnet?.peers ?? []) void this.swarm.addNamed(peer, "magnet");
    if (this.#options.paused !== true) this.resume();
  }

  /** Stops transferring and disconnects; the torrent stays. Resolves when everything received is on disk. */
  pause(): Promise<void> {
    if (this.#closed || this.#state === "paused") return this.#steps;
    this.#content?.recovery.stop();
    this.#setState("paused");
    return this.#goOffline();
  }

  /** Goes on after a pause, or tries again after an error. */
  resume(): void {
    if (this.#closed || (this.#state !== "paused" && this.#state !== "error")) return;
    // Who goes on although files are missing wants them anew.
    this.#begin(this.#error?.code === "ERR_FILES_MISSING");
  }

  #begin(refetches: boolean): void {
    this.#error = null;
    if (this.#metainfo === null) {
      this.#setState("metadata");
      this.#announce();
    } else {
      void this.#openContent(this.#metainfo, (content) => content.open(refetches));
    }
    this.#owner.onActive();
  }

  /** Compares all data on disk with the hashes again, then goes on. Does nothing while the metadata is unknown. */
  async recheck(): Promise<void> {
    if (this.#closed || this.#metainfo === null) return;
    this.swarm.connections.closeAll(null);
    this.#error = null;
    await this.#openContent(this.#metainfo, (content) => content.recheck());
  }

  /** For the session: ends everything in good order. */
  async close(how: { readonly forget: boolean }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const offline = this.#goOffline();
    await offline;
    await this.#step(async () => {
      await this.#content?.close();
      if (how.forget) await this.#journal?.remove();
      else await this.#journal?.close();
    });
  }

  /** For the session. */
  onTick(now: Millis): void {
    if (this.#closed) return;
    this.metadata.onTick(now);
    this.#content?.onTick(now);
    this.swarm.onTick(now, this.isOpenToPeers);
  }

  /** For the session: what the choice of whom to serve needs to know; null while there is nothing to serve. */
  chokeFacts(): { have: Bitfield; seeding: boolean; pieceLength: number } | null {
    const content = this.#content;
    if (content === null || !this.isOpenToPeers) return null;
    const { pieceLength } = this.#metainfo!.layout;
    return { have: content.have, seeding: content.isComplete, pieceLength };
  }

  // -- what the parts ask and tell

  get connectedPeers(): ReadonlySet<PeerConnection> {
    return this.swarm.connected;
  }

  peerInSlot(slot: PeerSlot): PeerConnection | undefined {
    return this.swarm.connections.inSlot(slot);
  }

  ban(slot: PeerSlot, reason: string): void {
    this.swarm.ban(slot, reason);
  }

  onActive(): void {
    this.#owner.onActive();
  }

  emit(event: TorrentEvent): void {
    for (const listener of this.#listeners) listener(event);
    this.#owner.onEvent(event);
  }

  /** The info dictionary came from peers, and is the right one. */
  onInfoBytes(bytes: Uint8Array): void {
    try {
      const info = parseInfo(bytes, this.#context.hasher);
      const trackers = (this.#magnet?.trackers ?? []).map((url) => [url]);
      this.#metainfo = { ...info, trackers, webSeeds: this.#magnet?.webSeeds ?? [] };
      this.#infoHashes = info.infoHashes;
      this.#owner.onHashesKnown();
      this.#trackers.announceSoon();
      this.#journal?.rememberMetainfo(encodeTorrent(this.#metainfo));
      this.emit({ type: "metadata" });
      // A listener may have paused it.
      if (this.state === "metadata") void this.#openContent(this.#metainfo, (content) => content.open());
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.onFailure(error);
    }
  }

  totals(): { uploaded: number; downloaded: number; left: number } {
    const content = this.#content;
    // Before the metadata is known the size is not; trackers take 0 for a seed.
    if (content === null) return { uploaded: 0, downloaded: 0, left: 1 };
    return { uploaded: content.uploaded, downloaded: content.downloaded, left: content.leftBytes };
  }

  onTrackerPeers(peers: readonly Endpoint[]): void {
    for (const peer of peers) this.swarm.add(peer, "tracker");
  }

  onTrackerResult(result: TrackerResult): void {
    this.emit({ type: "tracker", ...result });
  }

  onFirstBlock(): void {
    this.emit({ type: "first-block" });
  }

  onChecked(checkedPieces: number, pieceCount: number): void {
    this.emit({ type: "checked", checkedPieces, pieceCount });
  }

  onPiece(piece: PieceIndex): void {
    this.emit({ type: "piece", piece });
  }

  onPeerComplete(peer: PeerConnection): void {
    this.emit({ type: "peer-complete", peer: peer.info(this.#context.now()) });
  }

  onComplete(): void {
    const content = this.#content!;
    this.#setState(content.isSeed ? "seeding" : "finished");
    if (content.isSeed) this.#trackers.completed();
    this.emit({ type: "complete" });
  }

  onPiecesLost(): void {
    if (this.#state === "seeding" && this.#content?.isSeed === false) this.#setState("finished");
  }

  onPiecesFound(): void {
    const content = this.#content;
    if (content === null || !content.isComplete || this.#state === "paused") return;
    this.#setState(content.isSeed ? "seeding" : "finished");
  }

  onWarning(error: ShoalError): void {
    this.emit({ type: "warning", error });
  }

  /** Something that needs a person: stops the torrent. */
  onFailure(error: ShoalError): void {
    if (this.#closed || this.#state === "error") return;
    this.#error = error;
    this.#setState("error");
    void this.#goOffline();
    this.#content?.recovery.onStopped(error);
    this.emit({ type: "error", error });
  }

  onMended(): void {
    if (!this.#closed && this.#state === "error") this.#begin(false);
  }

  onFilesAway(): void {
    if (this.#closed || this.#state === "error" || this.#state === "paused") return;
    this.swarm.connections.closeAll(null);
    this.#begin(false);
  }

  /** Brings the content into being and to life; a pause or failure meanwhile leaves it asleep. */
  #openContent(metainfo: Metainfo, prepare: (content: TorrentContent) => Promise<void>): Promise<void> {
    this.#setState("checking");
    const wish = ++this.#wish;
    return this.#step(async () => {
      if (wish !== this.#wish) return;
      this.#content ??= await this.#makeContent(metainfo);
      await prepare(this.#content);
      if (wish === this.#wish) this.#activate(this.#content, metainfo);
    });
  }

  async #makeContent(metainfo: Metainfo): Promise<TorrentContent> {
    const journal = this.#journal;
    const files = await TorrentFiles.open(this.#context, metainfo, this.#options, journal);
    return new TorrentContent(this.#context, this, this.number, metainfo, this.#options, files, journal);
  }

  /** The data on disk is known: from here on pieces are exchanged. */
  #activate(content: TorrentContent, metainfo: Metainfo): void {
    content.activate();
    this.#setState(content.isSeed ? "seeding" : content.isComplete ? "finished" : "downloading");
    this.swarm.onContent(content, metainfo);
    this.#announce();
    this.#owner.onActive();
    if (content.isComplete) this.emit({ type: "complete" });
  }

  #announce(): void {
    if (this.#closed) return;
    const known = this.#metainfo?.trackers ?? (this.#magnet?.trackers ?? []).map((url) => [url]);
    const named = (this.#options.trackers ?? []).map((url) => [url]);
    this.#trackers.start([...known, ...named], this.#metainfo?.private ?? false);
  }

  /** Ends all exchange with others; what was received is put on disk. */
  async #goOffline(): Promise<void> {
    this.#wish++;
    this.swarm.connections.closeAll(null);
    const saved = this.#step(async () => this.#content?.pause());
    await this.#trackers.stop();
    await saved;
  }

  /** One step of the life cycle, after those before it; what it throws on purpose stops the torrent with that error. */
  #step(step: () => Promise<void>): Promise<void> {
    this.#steps = this.#steps.then(async () => {
      try {
        await step();
      } catch (error) {
        if (!(error instanceof ShoalError)) throw error;
        this.onFailure(error);
      }
    });
    return this.#steps;
  }

  #setState(state: TorrentState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit({ type: "state", state });
  }
}

import type { Bitfield } from "../base/bitfield.ts";
import type { Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { equalBytes, fromHex, toHex, utf8 } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { PeerHandler } from "../core/peer/peer-session.ts";
import { explainWaiting } from "../core/explain.ts";
import { type InfoHashes, primaryKey, shortHashes, truncate } from "../meta/info-hash.ts";
import { type Magnet, parseMagnet } from "../meta/magnet.ts";
import { type Metainfo, parseInfo, parseMetainfo } from "../meta/metainfo.ts";
import { encodeTorrent } from "../meta/torrent-file.ts";
import type { Endpoint } from "../ports/net.ts";
import {
  decodeDontHave,
  decodeUploadOnly,
  encodeExtensionHandshake,
  type ExtensionHandshake,
} from "../wire/extension.ts";
import type { HashRequest } from "../wire/message.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { FileProgress, PeerInfo, TorrentEvent, TorrentState, TorrentStats } from "./events.ts";
import { ExtensionChannels } from "./extension-channels.ts";
import { LOCAL_DONT_HAVE, LOCAL_UPLOAD_ONLY, LOCAL_UT_METADATA } from "./extensions.ts";
import type { PeerConnection } from "./peer-connection.ts";
import { TorrentContent } from "./torrent-content.ts";
import { TorrentFiles } from "./torrent-files.ts";
import { TorrentJournal } from "./torrent-journal.ts";
import { TorrentMetadata } from "./torrent-metadata.ts";
import { TorrentSwarm } from "./torrent-swarm.ts";
import type { TrackerHandle } from "./tracker-client.ts";

/** Dial failures of one address are told once. */
const MAX_FAILURES_TOLD = 200;

/** What a torrent tells its session. */
export interface TorrentOwner {
  onEvent(event: TorrentEvent): void;
  /** The torrent got another info-hash (a hybrid found by one of its two). Throws ERR_DUPLICATE_TORRENT. */
  onHashesKnown(): void;
  /** There is something to do in time: `onTick` is wanted. */
  onActive(): void;
}

/** One torrent of a session: its metadata, its content on disk and its peers. */
export class Torrent implements PeerHandler<PeerConnection> {
  /** Small number, unique in the session. */
  readonly number: number;
  readonly #context: SessionContext;
  readonly #owner: TorrentOwner;
  readonly #options: AddOptions;
  readonly #listeners: Set<(event: TorrentEvent) => void> = new Set();
  readonly #swarm: TorrentSwarm;
  readonly #metadata: TorrentMetadata;
  readonly #channels: ExtensionChannels;
  readonly #magnet: Magnet | null;
  #infoHashes: InfoHashes;
  #metainfo: Metainfo | null;
  #content: TorrentContent | null = null;
  #journal: TorrentJournal | null = null;
  #trackers: TrackerHandle | null = null;
  #state: TorrentState = "paused";
  #error: ShoalError | null = null;
  #failuresTold = 0;
  #closed = false;

  constructor(context: SessionContext, number: number, options: AddOptions, owner: TorrentOwner) {
    this.#context = context;
    this.number = number;
    this.#options = options;
    this.#owner = owner;
    if (options.listener !== undefined) this.#listeners.add(options.listener);
    const source = resolveSource(options, context);
    this.#metainfo = source.metainfo;
    this.#magnet = source.magnet;
    this.#infoHashes = source.infoHashes;
    this.#swarm = new TorrentSwarm(context, this);
    this.#metadata = new TorrentMetadata(
      context,
      this,
      source.infoHashes,
      source.metainfo?.infoBytes ?? null,
    );
    this.#channels = new ExtensionChannels(context.extensions, () => this.#infoHashes);
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

  get state(): TorrentState {
    return this.#state;
  }

  /** Why the state is "error". */
  get error(): ShoalError | null {
    return this.#error;
  }

  get acceptsPeers(): boolean {
    return this.#isOpenToPeers();
  }

  /** Nothing to do until somebody connects or an answer comes. */
  get isDormant(): boolean {
    return this.#closed || (this.#swarm.isIdle && (this.#content?.isIdle ?? this.#state !== "metadata"));
  }

  on(listener: (event: TorrentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Opens the resume data. Throws ERR_LOCKED when another process has the torrent. */
  async open(): Promise<void> {
    if (this.#options.seedOnly === true) return;
    const root = this.#context.hasher.sha1(utf8(this.#options.downloadDir)).subarray(0, 4);
    const key = `${primaryKey(this.#infoHashes)}${toHex(root)}`;
    const journal = await TorrentJournal.open(this.#context, {
      infoHashes: this.#infoHashes,
      key,
      partPath: this.#context.store.partPath(key),
    });
    this.#journal = journal;
    if (journal.metainfo === null || this.#metainfo !== null) return;
    this.#metainfo = parseMetainfo(journal.metainfo, this.#context.hasher);
    this.#infoHashes = this.#metainfo.infoHashes;
    this.#metadata.know(this.#metainfo.infoBytes);
    this.#owner.onHashesKnown();
  }

  /** Starts working; for the session, once. */
  start(): void {
    const now = this.#context.now();
    for (const peer of this.#options.peers ?? []) this.#swarm.addCandidate(peer, "user", now);
    for (const peer of this.#magnet?.peers ?? []) void this.#addMagnetPeer(peer);
    if (this.#options.paused !== true) this.resume();
  }

  /** Stops transferring and disconnects; the torrent stays. */
  pause(): void {
    if (this.#closed || this.#state === "paused") return;
    this.#setState("paused");
    this.#content?.pause();
    this.#swarm.closeAll(null);
    void this.#trackers?.stop();
    this.#trackers = null;
  }

  /** Goes on after a pause, or tries again after an error. */
  resume(): void {
    if (this.#closed || (this.#state !== "paused" && this.#state !== "error")) return;
    this.#error = null;
    if (this.#metainfo === null) {
      this.#setState("metadata");
      this.#goOnline();
    } else {
      void this.#openContent(this.#metainfo);
    }
    this.#owner.onActive();
  }

  /** Compares all data on disk with the hashes again, then goes on. */
  async recheck(): Promise<void> {
    const content = this.#content;
    if (content === null || this.#closed) return;
    this.#swarm.closeAll(null);
    this.#setState("checking");
    await this.#guard(async () => {
      await content.recheck();
      this.#activate();
    });
  }

  /** Adds an address to try. */
  addPeer(endpoint: Endpoint): void {
    this.#swarm.addCandidate(endpoint, "user", this.#context.now());
    this.#owner.onActive();
  }

  peers(): PeerInfo[] {
    const now = this.#context.now();
    return [...this.#swarm.peers].map((peer) => peer.info(now));
  }

  /** Empty while the metadata is unknown. Pad files are left out. */
  files(): FileProgress[] {
    return this.#content?.files() ?? [];
  }

  stats(now: Millis = this.#context.now()): TorrentStats {
    const content = this.#content;
    const down = content?.download.rate;
    const up = content?.upload.rate;
    const downRate = down?.rate(now) ?? 0;
    const wanted = content?.wantedBytes ?? 0;
    const have = content?.haveBytes ?? 0;
    let seeds = 0;
    for (const peer of this.#swarm.peers) if (peer.session.have?.isFull === true) seeds++;
    return {
      downloaded: content?.downloaded ?? 0,
      uploaded: content?.uploaded ?? 0,
      downRate,
      upRate: up?.rate(now) ?? 0,
      wanted,
      have,
      wasted: content?.download.wasted ?? 0,
      peers: this.#swarm.peers.size,
      seeds,
      pieceCount: this.#metainfo?.layout.pieceCount ?? 0,
      piecesHave: content?.picker.have.count ?? 0,
      etaMs: downRate > 0 && have < wanted ? ((wanted - have) / downRate) * 1000 : null,
      waiting: this.#waiting(downRate),
    };
  }

  /** For the session: ends everything in good order. */
  async close(how: { forget: boolean; deleteData: boolean }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#swarm.closeAll(null);
    await this.#trackers?.stop();
    await this.#content?.close(how);
  }

  // -- connections

  onIncoming(peer: PeerConnection, infoHash: Uint8Array, peerId: Uint8Array): void {
    const { session } = peer;
    const { v1, v2 } = this.#infoHashes;
    session.v2 = v2 !== null && (session.offersV2 || v1 === null || !equalBytes(infoHash, v1));
    session.attach(this);
    this.#swarm.adoptIncoming(peer);
    session.sendHandshake(session.v2 ? truncate(v2!) : v1!, this.#context.peerId, v2 !== null);
    this.#swarm.admit(peer, peerId);
    this.#owner.onActive();
  }

  onConnected(peer: PeerConnection): void {
    const { v1, v2 } = this.#infoHashes;
    peer.session.sendHandshake(v1 ?? truncate(v2!), this.#context.peerId, v2 !== null);
  }

  onHandshake(peer: PeerConnection, infoHash: Uint8Array, peerId: Uint8Array): void {
    const { v1, v2 } = this.#infoHashes;
    const isV1 = v1 !== null && equalBytes(infoHash, v1);
    const isV2 = v2 !== null && equalBytes(infoHash, truncate(v2));
    if (!isV1 && !isV2) throw new ShoalError("ERR_CONNECT", "The peer answered for another torrent");
    peer.session.v2 = isV2;
    peer.session.attach(this);
    this.#swarm.admit(peer, peerId);
  }

  onAdmitted(peer: PeerConnection): void {
    const { session } = peer;
    const content = this.#content;
    this.#channels.attach(peer);
    if (session.extended) {
      session.out.extended(
        0,
        encodeExtensionHandshake({
          extensions: this.#context.extensions.localIds(),
          clientName: this.#context.config.clientName,
          port: this.#context.listenPort(),
          reqq: this.#context.config.maxQueuedRequests,
          metadataSize: this.#metadata.size,
          uploadOnly: content?.isComplete ?? false,
        }),
      );
    }
    session.sendHaveState(content?.picker.have ?? null);
    content?.onAdmitted(peer);
    if (this.#metainfo !== null) session.setLayout(this.#metainfo.layout);
    this.#emit({ type: "peer-connected", peer: peer.info(this.#context.now()) });
  }

  onPeerGone(peer: PeerConnection, reason: ShoalError | null): void {
    this.#content?.onPeerGone(peer);
    this.#metadata.onPeerGone(peer.slot);
    this.#context.requestChoking();
    this.#emit({
      type: "peer-disconnected",
      peer: peer.info(this.#context.now()),
      reason: reason?.message ?? null,
    });
  }

  onDialFailed(to: Endpoint, error: ShoalError): void {
    if (this.#failuresTold++ < MAX_FAILURES_TOLD) {
      this.#emit({ type: "peer-failed", host: to.host, port: to.port, error });
    }
  }

  afterInput(peer: PeerConnection): void {
    this.#content?.afterInput(peer);
  }

  onDrain(peer: PeerConnection): void {
    this.#content?.upload.serve(peer);
  }

  onClosed(peer: PeerConnection, reason: ShoalError | null): void {
    this.#swarm.onClosed(peer, reason);
  }

  peerInSlot(slot: PeerSlot): PeerConnection | undefined {
    return this.#swarm.inSlot(slot);
  }

  /** Peers that finished the handshake. */
  get connectedPeers(): ReadonlySet<PeerConnection> {
    return this.#swarm.peers;
  }

  ban(slot: PeerSlot, reason: string): void {
    const endpoint = this.#swarm.ban(slot, reason);
    if (endpoint !== null) this.#emit({ type: "banned", host: endpoint.host, reason });
  }

  // -- facts from peers

  onExtensionHandshake(peer: PeerConnection, handshake: ExtensionHandshake): void {
    if (handshake.clientName !== null) peer.clientName = handshake.clientName;
    if (handshake.reqq !== null) {
      peer.pipeline.setLimits(handshake.reqq, this.#context.config.maxOutstandingRequests);
    }
    if (handshake.uploadOnly !== null) peer.uploadOnly = handshake.uploadOnly;
    if (handshake.metadataSize !== null) this.#metadata.onSource(peer, handshake.metadataSize);
    this.#channels.onHandshake(peer);
  }

  onExtended(peer: PeerConnection, localId: number, payload: Uint8Array): void {
    switch (localId) {
      case LOCAL_UT_METADATA:
        this.#metadata.onMessage(peer, payload);
        break;
      case LOCAL_UPLOAD_ONLY:
        peer.uploadOnly = decodeUploadOnly(payload);
        break;
      case LOCAL_DONT_HAVE:
        peer.session.onDontHave(decodeDontHave(payload));
        break;
      default:
        this.#channels.onMessage(peer, localId, payload);
    }
  }

  onHaveKnown(peer: PeerConnection): void {
    this.#content?.onHaveKnown(peer);
  }

  onHave(peer: PeerConnection, piece: PieceIndex): void {
    this.#content?.onHave(peer, piece);
  }

  onDontHave(peer: PeerConnection, piece: PieceIndex): void {
    this.#content?.onDontHave(peer, piece);
  }

  onChoke(peer: PeerConnection): void {
    this.#content?.onChoke(peer);
  }

  onUnchoke(peer: PeerConnection): void {
    this.#content?.onUnchoke(peer);
  }

  onInterestChanged(peer: PeerConnection): void {
    if (!peer.session.peerInterested) this.#content?.upload.choke(peer);
    this.#context.requestChoking();
  }

  onRequest(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void {
    this.#content?.upload.onRequest(peer, piece, begin, length);
  }

  onCancel(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void {
    this.#content?.upload.onCancel(peer, piece, begin, length);
  }

  onBlock(
    peer: PeerConnection,
    piece: PieceIndex,
    begin: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    this.#content?.download.onBlock(peer, piece, begin, buffer, offset, length);
  }

  onReject(peer: PeerConnection, piece: PieceIndex, begin: number): void {
    this.#content?.onReject(peer, piece, begin);
  }

  onAllowedFast(_peer: PeerConnection, _piece: PieceIndex): void {}

  onHashRequest(peer: PeerConnection, request: HashRequest): void {
    this.#content?.hashExchange.onRequest(peer, request);
  }

  onHashes(peer: PeerConnection, request: HashRequest, hashes: Uint8Array): void {
    this.#content?.hashExchange.onHashes(peer, request, hashes);
  }

  onHashReject(peer: PeerConnection, request: HashRequest): void {
    this.#content?.hashExchange.onReject(peer, request);
  }

  // -- choking

  /** What the choice of whom to serve needs to know; null while there is nothing to serve. */
  chokeFacts(): { have: Bitfield; seeding: boolean; pieceLength: number } | null {
    const content = this.#content;
    if (content === null || !this.#isOpenToPeers()) return null;
    const { pieceLength } = this.#metainfo!.layout;
    return { have: content.picker.have, seeding: content.isComplete, pieceLength };
  }

  unchoke(peer: PeerConnection): void {
    peer.session.setChoking(false);
    peer.flush();
  }

  choke(peer: PeerConnection): void {
    this.#content?.upload.choke(peer);
    peer.flush();
  }

  // -- time

  onTick(now: Millis): void {
    if (this.#closed) return;
    this.#swarm.onTick(now);
    this.#metadata.onTick(now);
    this.#content?.onTick(now);
    if (this.#isOpenToPeers()) this.#swarm.dial(now);
  }

  /** The arena is full: nobody may send more; or it has room again. */
  onArena(full: boolean): void {
    for (const peer of this.#swarm.peers) {
      if (full) peer.connection.pauseReading();
      else peer.connection.resumeReading();
    }
  }

  /** More blocks may be requested again. */
  onRoom(): void {
    this.#content?.refillAll();
  }

  // -- metadata and content

  onInfoBytes(bytes: Uint8Array): void {
    void this.#guard(async () => {
      const info = parseInfo(bytes, this.#context.hasher);
      this.#metainfo = {
        ...info,
        trackers: (this.#magnet?.trackers ?? []).map((url) => [url]),
        webSeeds: this.#magnet?.webSeeds ?? [],
      };
      this.#infoHashes = info.infoHashes;
      this.#owner.onHashesKnown();
      this.#trackers?.announceSoon();
      this.#journal?.rememberMetainfo(encodeTorrent(this.#metainfo));
      this.#emit({ type: "metadata" });
      await this.#openContent(this.#metainfo);
    });
  }

  async #openContent(metainfo: Metainfo): Promise<void> {
    this.#setState("checking");
    await this.#guard(async () => {
      const content = this.#content ?? (await this.#makeContent(metainfo));
      await content.open();
      if (this.#closed) {
        await content.close({ forget: false, deleteData: false });
        return;
      }
      this.#content = content;
      this.#activate();
    });
  }

  async #makeContent(metainfo: Metainfo): Promise<TorrentContent> {
    const journal = this.#journal;
    const files = await TorrentFiles.open(this.#context, metainfo, this.#options, journal);
    return new TorrentContent(this.#context, this, this.number, metainfo, this.#options, files, journal);
  }

  /** The data on disk is known: from here on pieces are exchanged. */
  #activate(): void {
    const content = this.#content!;
    content.activate();
    this.#setState(content.isSeed ? "seeding" : content.isComplete ? "finished" : "downloading");
    for (const peer of this.#swarm.peers) {
      content.stateHave(peer);
      peer.session.setLayout(this.#metainfo!.layout);
      peer.flush();
    }
    this.#goOnline();
    if (content.isComplete) this.#emit({ type: "complete" });
  }

  #goOnline(): void {
    if (this.#trackers !== null || this.#closed) return;
    const tiers = [...(this.#metainfo?.trackers ?? this.#magnet?.trackers.map((url) => [url]) ?? [])];
    for (const url of this.#options.trackers ?? []) tiers.push([url]);
    if (tiers.length === 0) return;
    this.#trackers = this.#context.trackers.add(
      {
        tiers,
        infoHashes: () => shortHashes(this.#infoHashes),
        peerId: this.#context.peerId,
        port: () => this.#context.listenPort(),
        isPrivate: this.#metainfo?.private ?? false,
        totals: () => ({
          uploaded: this.#content?.uploaded ?? 0,
          downloaded: this.#content?.downloaded ?? 0,
          left: this.#content === null ? 1 : this.#content.leftBytes,
        }),
      },
      {
        onPeers: (peers) => {
          const now = this.#context.now();
          for (const peer of peers) this.#swarm.addCandidate(peer, "tracker", now);
          this.#owner.onActive();
        },
        onResult: (result) => this.#emit({ type: "tracker", ...result }),
      },
    );
  }

  // -- what the content tells

  onFirstBlock(): void {
    this.#emit({ type: "first-block" });
  }

  onChecked(checkedPieces: number, pieceCount: number): void {
    this.#emit({ type: "checked", checkedPieces, pieceCount });
  }

  onPiece(piece: PieceIndex): void {
    this.#emit({ type: "piece", piece });
  }

  onPeerComplete(peer: PeerConnection): void {
    this.#emit({ type: "peer-complete", peer: peer.info(this.#context.now()) });
  }

  onComplete(): void {
    const content = this.#content!;
    this.#setState(content.isSeed ? "seeding" : "finished");
    if (content.isSeed) this.#trackers?.completed();
    this.#emit({ type: "complete" });
  }

  onPiecesLost(): void {
    const content = this.#content;
    if (content !== null && !content.isSeed && this.#state === "seeding") this.#setState("finished");
  }

  onWarning(error: ShoalError): void {
    this.#emit({ type: "warning", error });
  }

  /** Something that needs a person: stops the torrent. */
  onFailure(error: ShoalError): void {
    if (this.#closed || this.#state === "error") return;
    this.#error = error;
    this.#content?.pause();
    this.#swarm.closeAll(null);
    void this.#trackers?.stop();
    this.#trackers = null;
    this.#setState("error");
    this.#emit({ type: "error", error });
  }

  #isOpenToPeers(): boolean {
    return !this.#closed && this.#state !== "paused" && this.#state !== "error" && this.#state !== "checking";
  }

  #waiting(downRate: number): string | null {
    const content = this.#content;
    let useful = 0;
    let unchoked = 0;
    for (const peer of this.#swarm.peers) {
      if (!peer.session.amInterested) continue;
      useful++;
      if (!peer.session.peerChoking) unchoked++;
    }
    return explainWaiting({
      needsMetadata: this.#state === "metadata",
      checking: this.#state === "checking",
      downloading: this.#state === "downloading",
      receiving: downRate > 0,
      peers: this.#swarm.peers.size,
      connecting: this.#swarm.connecting,
      candidates: this.#swarm.list.size,
      trackers: this.#trackers?.count ?? 0,
      trackersFailed: this.#trackers?.failed ?? 0,
      metadataSources: this.#metadata.sourceCount,
      useful,
      unchoked,
      diskBusy: content !== null && this.#context.storeFlow.buffer.underPressure,
    });
  }

  #setState(state: TorrentState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#emit({ type: "state", state });
  }

  #emit(event: TorrentEvent): void {
    for (const listener of this.#listeners) listener(event);
    this.#owner.onEvent(event);
  }

  /** Runs one step of the life cycle; what it throws on purpose stops the torrent with that error. */
  async #guard(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.onFailure(error);
    }
  }

  async #addMagnetPeer({ host, port }: Endpoint): Promise<void> {
    try {
      const now = this.#context.now();
      for (const address of await this.#context.net.resolve(host)) {
        this.#swarm.addCandidate({ host: address, port }, "magnet", now);
      }
      this.#owner.onActive();
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.onDialFailed({ host, port }, error);
    }
  }
}

interface Source {
  readonly metainfo: Metainfo | null;
  readonly magnet: Magnet | null;
  readonly infoHashes: InfoHashes;
}

/** What the caller named, parsed. Throws ProtocolError or ERR_INVALID_ARGUMENT. */
function resolveSource(options: AddOptions, context: SessionContext): Source {
  if (options.metainfo !== undefined || options.torrentBytes !== undefined) {
    const metainfo = options.metainfo ?? parseMetainfo(options.torrentBytes!, context.hasher);
    return { metainfo, magnet: null, infoHashes: metainfo.infoHashes };
  }
  if (options.magnet !== undefined) {
    const magnet = typeof options.magnet === "string" ? parseMagnet(options.magnet) : options.magnet;
    return { metainfo: null, magnet, infoHashes: magnet.infoHashes };
  }
  const hash = fromHex(options.infoHash ?? "");
  if (hash.length === 20) return { metainfo: null, magnet: null, infoHashes: { v1: hash, v2: null } };
  if (hash.length === 32) return { metainfo: null, magnet: null, infoHashes: { v1: null, v2: hash } };
  throw new ShoalError("ERR_INVALID_ARGUMENT", "An info-hash has 40 or 64 hex digits");
}

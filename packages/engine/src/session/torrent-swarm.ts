import type { Bitfield } from "../base/bitfield.ts";
import { familyOf, isPrivate, parseIp } from "../base/address.ts";
import type { Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { equalBytes, toHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { PeerHandler } from "../core/peer/peer-session.ts";
import type { Candidate, PeerHints, PeerSource } from "../core/swarm/peer-list.ts";
import { type InfoHashes, truncate } from "../meta/info-hash.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { Endpoint } from "../ports/net.ts";
import {
  decodeDontHave,
  decodeUploadOnly,
  encodeExtensionHandshake,
  type ExtensionHandshake,
} from "../wire/extension.ts";
import type { HashRequest } from "../wire/message.ts";
import type { SessionContext } from "./context.ts";
import type { Dht } from "./dht.ts";
import type { TorrentEvent } from "./events.ts";
import { ExtensionChannels } from "./extension-channels.ts";
import { LOCAL_DONT_HAVE, LOCAL_UPLOAD_ONLY, LOCAL_UT_METADATA, LOCAL_UT_PEX } from "./extensions.ts";
import { PeerExchange, type PeerExchangeOwner } from "./peer-exchange.ts";
import { type PeerConnection, READ_PAUSE } from "./peer-connection.ts";
import type { TorrentContent } from "./torrent-content.ts";
import type { LiveLimits } from "./torrent-limits.ts";
import type { TorrentMetadata } from "./torrent-metadata.ts";
import { type ConnectionsOwner, TorrentConnections } from "./torrent-connections.ts";

/** Dial failures of one torrent that are told. */
const MAX_FAILURES_TOLD = 200;

/** What the swarm needs to know of its torrent. */
export interface SwarmOwner {
  readonly infoHashes: InfoHashes;
  readonly metainfo: Metainfo | null;
  /** Null until the metadata is known. */
  readonly content: TorrentContent | null;
  readonly metadata: TorrentMetadata;
  readonly limits: LiveLimits;
  /** Peers are sought by other means than trackers: the torrent is not private (BEP 27) as far as is known, and nobody forbade it. */
  readonly usesFinders: boolean;
  emit(event: TorrentEvent): void;
  /** There is something to do in time. */
  onActive(): void;
}

/** The peers of one torrent: greets them, and hands what they say to whom it concerns. */
export class TorrentSwarm implements PeerHandler<PeerConnection>, ConnectionsOwner, PeerExchangeOwner {
  readonly connections: TorrentConnections;
  readonly #context: SessionContext;
  readonly #owner: SwarmOwner;
  readonly #channels: ExtensionChannels;
  readonly #pex: PeerExchange;
  #failuresTold = 0;

  constructor(context: SessionContext, owner: SwarmOwner) {
    this.#context = context;
    this.#owner = owner;
    this.connections = new TorrentConnections(context, this);
    this.#channels = new ExtensionChannels(context.extensions, () => owner.infoHashes);
    this.#pex = new PeerExchange(context, this);
  }

  /** Peers that finished the handshake. */
  get connected(): ReadonlySet<PeerConnection> {
    return this.connections.peers;
  }

  /** What each peer has, as far as it has said. */
  *fields(): Generator<Bitfield, void, undefined> {
    for (const { session } of this.connected) if (session.have !== null) yield session.have;
  }

  inSlot(slot: PeerSlot): PeerConnection | undefined {
    return this.connections.inSlot(slot);
  }

  add(endpoint: Endpoint, source: PeerSource, hints: PeerHints = {}): void {
    this.connections.addCandidate(endpoint, source, hints, this.#context.now());
    this.#owner.onActive();
  }

  /** Adds peers that were found under `name`, in hex. */
  addFound(peers: readonly Endpoint[], source: PeerSource, name: string): void {
    const { v2 } = this.#owner.infoHashes;
    const hints = { byV2: v2 !== null && name === toHex(truncate(v2)) };
    for (const peer of peers) this.add(peer, source, hints);
  }

  /** Adds a peer that may be named by host name. */
  async addNamed({ host, port }: Endpoint, source: PeerSource): Promise<void> {
    try {
      for (const address of await this.#context.net.resolve(host)) this.add({ host: address, port }, source);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.onDialFailed({ host, port }, error);
      // The name is tried again as an address is.
      this.add({ host, port }, source);
    }
  }

  ban(slot: PeerSlot, reason: string): void {
    const endpoint = this.connections.ban(slot, reason);
    if (endpoint !== null) this.onBanned(endpoint, reason);
  }

  onBanned({ host }: Endpoint, reason: string): void {
    this.#owner.emit({ type: "banned", host, reason });
  }

  /** The metadata says that the torrent is private (BEP 27): what was begun before is ended. */
  makePrivate(): void {
    this.connections.makePrivate();
    this.#pex.end();
  }

  /** The arena is full: nobody may send more; or it has room again. */
  onArena(full: boolean): void {
    for (const peer of this.connected) {
      if (full) peer.pauseReading(READ_PAUSE.arena);
      else peer.resumeReading(READ_PAUSE.arena);
    }
  }

  /** The content is known now: peers that connected before are told what we have, and what they have counts. */
  onContent(content: TorrentContent, metainfo: Metainfo): void {
    const { v2 } = metainfo.infoHashes;
    for (const peer of this.connected) {
      const { session } = peer;
      // Found by its bare short name, a v2 torrent was not known to be one.
      session.v2 ||= v2 !== null && equalBytes(session.infoHash!, truncate(v2));
      try {
        content.onAdmitted(peer);
        content.exchange.stateHave(peer);
        if (!session.layoutKnown) session.setLayout(metainfo.layout);
        else if (!peer.inPicker) content.exchange.onHaveKnown(peer);
        if (!session.peerChoking) content.exchange.onUnchoke(peer);
        peer.flush();
      } catch (error) {
        // What the peer had said of its pieces was nonsense.
        if (!(error instanceof ShoalError)) throw error;
        peer.close(error);
      }
    }
  }

  get usesFinders(): boolean {
    return this.#owner.usesFinders;
  }

  get maxConnections(): number {
    return this.#owner.limits.values.maxConnections ?? this.#context.settings.maxConnectionsPerTorrent;
  }

  get isSeed(): boolean {
    return this.#owner.content?.isSeed === true;
  }

  onTick(now: Millis, dial: boolean): void {
    this.connections.onTick(now);
    this.#pex.onTick(now);
    if (dial) this.connections.dial(now);
  }

  // -- connections

  /** A connection from outside has named this torrent. */
  onIncoming(peer: PeerConnection, infoHash: Uint8Array, peerId: Uint8Array): void {
    const { session } = peer;
    const { v1, v2 } = this.#owner.infoHashes;
    // A hybrid that was named by its v1 hash is taken up as v2 when the peer offers that (BEP 52, upgrade path).
    session.v2 = v2 !== null && (session.offersV2 || v1 === null || !equalBytes(infoHash, v1));
    session.attach(this);
    this.connections.adoptIncoming(peer);
    session.sendHandshake(session.v2 ? truncate(v2!) : v1!, this.#context.peerId, this.#offers());
    this.connections.admit(peer, peerId);
    this.#owner.onActive();
  }

  dialName({ byV2 }: Candidate): Uint8Array {
    const { v1, v2 } = this.#owner.infoHashes;
    return v1 === null || (byV2 && v2 !== null) ? truncate(v2!) : v1;
  }

  get isPrivate(): boolean {
    return this.#owner.metainfo?.private ?? false;
  }

  onDialDue(): void {
    this.#owner.onActive();
  }

  onConnected(peer: PeerConnection): void {
    peer.session.sendHandshake(peer.dialName!, this.#context.peerId, this.#offers());
  }

  onHandshake(peer: PeerConnection, infoHash: Uint8Array, peerId: Uint8Array): void {
    const { v1, v2 } = this.#owner.infoHashes;
    const isV1 = v1 !== null && equalBytes(infoHash, v1);
    const isV2 = v2 !== null && equalBytes(infoHash, truncate(v2));
    if (!isV1 && !isV2) throw new ShoalError("ERR_CONNECT", "The peer answered for another torrent");
    peer.session.v2 = isV2;
    peer.session.attach(this);
    this.connections.admit(peer, peerId);
  }

  onAdmitted(peer: PeerConnection): void {
    const { session } = peer;
    const { content, metainfo, metadata } = this.#owner;
    this.#channels.attach(peer);
    this.#pex.onPeer(peer, peer.incoming ? null : peer.remote);
    if (session.extended) {
      const { config, extensions, settings } = this.#context;
      const own = encodeExtensionHandshake({
        extensions: extensions.localIds(this.#pex.isOn),
        clientName: config.clientName,
        port: this.#portFor(peer.remote.host),
        reqq: settings.maxQueuedRequests,
        metadataSize: metadata.size,
        uploadOnly: content?.isComplete ?? false,
        yourIp: parseIp(peer.remote.host),
        ...this.#otherAddress(peer.remote.host),
      });
      session.out.extended(0, own);
    }
    session.sendHaveState(content?.have ?? null);
    const dhtPort = session.dht ? (this.#dht?.portFor(peer.remote.host) ?? 0) : 0;
    if (dhtPort !== 0) session.out.port(dhtPort);
    content?.onAdmitted(peer);
    if (metainfo !== null) session.setLayout(metainfo.layout);
    this.#owner.emit({ type: "peer-connected", peer: peer.info(this.#context.now()) });
  }

  /** Our address of the family in which the peer does not see us. */
  #otherAddress(host: string): { readonly ipv4?: Uint8Array | null; readonly ipv6?: Uint8Array | null } {
    const { v4, v6 } = this.#context.external;
    if (familyOf(host) === 6) return v4 === null ? {} : { ipv4: parseIp(v4) };
    return v6 === null ? {} : { ipv6: parseIp(v6) };
  }

  /** The port on which a peer can reach us: it may be on our side of the router. */
  #portFor(host: string): number {
    if (isPrivate(host)) return this.#context.listenPort();
    return this.#context.announcedPort(familyOf(host));
  }

  onPeerGone(peer: PeerConnection, reason: ShoalError | null): void {
    this.#pex.onPeerGone(peer);
    this.#owner.content?.onPeerGone(peer);
    this.#owner.metadata.onPeerGone(peer.slot);
    this.#context.requestChoking();
    const info = peer.info(this.#context.now());
    this.#owner.emit({ type: "peer-disconnected", peer: info, reason: reason?.message ?? null });
  }

  onDialFailed({ host, port }: Endpoint, error: ShoalError): void {
    if (this.#failuresTold++ < MAX_FAILURES_TOLD)
      this.#owner.emit({ type: "peer-failed", host, port, error });
  }

  afterInput(peer: PeerConnection): void {
    this.#owner.content?.exchange.afterInput(peer);
  }

  onDrain(peer: PeerConnection): void {
    this.#owner.content?.upload.serve(peer);
  }

  onClosed(peer: PeerConnection, reason: ShoalError | null): void {
    this.connections.onClosed(peer, reason);
  }

  // -- choking

  unchoke(peer: PeerConnection): void {
    peer.session.setChoking(false);
    peer.flush();
  }

  choke(peer: PeerConnection): void {
    this.#owner.content?.upload.choke(peer);
    peer.flush();
  }

  // -- facts

  onExtensionHandshake(peer: PeerConnection, handshake: ExtensionHandshake): void {
    const { clientName, reqq, uploadOnly, metadataSize, yourIp, port } = handshake;
    if (clientName !== null) peer.party.client = clientName;
    if (reqq !== null) peer.pipeline.setReqq(reqq);
    if (uploadOnly !== null) peer.uploadOnly = uploadOnly;
    if (metadataSize !== null) this.#owner.metadata.onSource(peer, metadataSize);
    if (yourIp !== null) this.#context.external.vote(yourIp, peer.remote.host, "peer");
    if (port !== null && peer.incoming)
      this.#pex.onPeer(peer, this.connections.learnPort(peer, port, !this.isSeed));
    this.#channels.onHandshake(peer);
  }

  onExtended(peer: PeerConnection, localId: number, payload: Uint8Array): void {
    switch (localId) {
      case LOCAL_UT_METADATA:
        this.#owner.metadata.onMessage(peer, payload);
        break;
      case LOCAL_UPLOAD_ONLY:
        peer.uploadOnly = decodeUploadOnly(payload);
        break;
      case LOCAL_UT_PEX:
        this.#pex.onMessage(peer, payload);
        break;
      case LOCAL_DONT_HAVE:
        peer.session.onDontHave(decodeDontHave(payload));
        break;
      default:
        this.#channels.onMessage(peer, localId, payload);
    }
  }

  onHaveKnown(peer: PeerConnection): void {
    this.#owner.content?.exchange.onHaveKnown(peer);
  }

  onHave(peer: PeerConnection, piece: PieceIndex): void {
    this.#owner.content?.exchange.onHave(peer, piece);
  }

  onDontHave(peer: PeerConnection, piece: PieceIndex): void {
    this.#owner.content?.exchange.onDontHave(peer, piece);
  }

  onChoke(peer: PeerConnection): void {
    this.#owner.content?.exchange.onChoke(peer);
  }

  onUnchoke(peer: PeerConnection): void {
    this.#owner.content?.exchange.onUnchoke(peer);
  }

  onInterestChanged(peer: PeerConnection): void {
    if (!peer.session.peerInterested) this.#owner.content?.upload.choke(peer);
    this.#context.requestChoking();
  }

  onRequest(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void {
    this.#owner.content?.upload.onRequest(peer, piece, begin, length);
  }

  onCancel(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void {
    this.#owner.content?.upload.onCancel(peer, piece, begin, length);
  }

  onBlock(
    peer: PeerConnection,
    piece: PieceIndex,
    begin: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    this.#owner.content?.download.onBlock(peer, piece, begin, buffer, offset, length);
  }

  onReject(peer: PeerConnection, piece: PieceIndex, begin: number): void {
    this.#owner.content?.exchange.onReject(peer, piece, begin);
  }

  /** The set itself is what the picker looks at. */
  onAllowedFast(): void {}

  onPort({ remote }: PeerConnection, port: number): void {
    this.#dht?.addNode({ host: remote.host, port });
  }

  onHashRequest(peer: PeerConnection, request: HashRequest): void {
    this.#owner.content?.hashExchange.onRequest(peer, request);
  }

  onHashes(peer: PeerConnection, request: HashRequest, hashes: Uint8Array): void {
    this.#owner.content?.hashExchange.onHashes(peer, request, hashes);
  }

  onHashReject(peer: PeerConnection, request: HashRequest): void {
    this.#owner.content?.hashExchange.onReject(peer, request);
  }

  /** Null when this torrent has nothing to do with the DHT. */
  get #dht(): Dht | null {
    return this.#owner.usesFinders ? this.#context.dht : null;
  }

  #offers(): { readonly v2: boolean; readonly dht: boolean } {
    return { v2: this.#owner.infoHashes.v2 !== null, dht: this.#dht !== null };
  }
}

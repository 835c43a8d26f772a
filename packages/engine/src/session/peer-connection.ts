import type { Bitfield } from "../base/bitfield.ts";
import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import { endpointKey } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import { RateMeter } from "../base/rate-meter.ts";
import type { Party } from "../core/delivery-log.ts";
import { type Greeter, PeerSession } from "../core/peer/peer-session.ts";
import { RequestPipeline } from "../core/peer/pipeline.ts";
import { RequestTimeout } from "../core/peer/request-timeout.ts";
import { RequestQueue } from "../core/peer/request-queue.ts";
import { UploadQueue } from "../core/peer/upload-queue.ts";
import type { Usefulness } from "../core/swarm/least-useful.ts";
import { isNamed, type PeerSource } from "../core/swarm/peer-list.ts";
import { BLOCK_SIZE } from "../meta/layout.ts";
import { peerKey } from "../core/swarm/peer-key.ts";
import type { Connection, ConnectionSink, Endpoint } from "../ports/net.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import { ObfuscatedConnection } from "./obfuscated-connection.ts";
import type { ExtensionPeerHandler } from "./extensions.ts";
import type { PeerInfo } from "./events.ts";

/** Bytes that may wait for a peer: more than any payload that is sent ahead. */
const MAX_QUEUED = 16 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

/** Why a peer is not read; several reasons may hold at once. */
export const READ_PAUSE = { lobby: 1, arena: 2, limit: 4 } as const;
type ReadPause = (typeof READ_PAUSE)[keyof typeof READ_PAUSE];

/** What the owner of a connection is told, besides the protocol's facts. */
export interface PeerOwner {
  /** An outgoing connection is up: send the handshake. */
  onConnected(peer: PeerConnection): void;
  /** All messages of one received buffer have been handled. */
  afterInput(peer: PeerConnection): void;
  /** The kernel took all that was written. */
  onDrain(peer: PeerConnection): void;
  onClosed(peer: PeerConnection, reason: ShoalError | null): void;
}

/** How a connection came about. */
interface Origin {
  readonly source: PeerSource;
  readonly incoming: boolean;
  readonly dialName?: Uint8Array | null;
}

/** One live peer: the socket, the protocol state, and what is outstanding in both directions. */
export class PeerConnection implements ConnectionSink, BlockSource {
  readonly remote: Endpoint;
  readonly party: Party;
  /** It connected to us, this time. */
  readonly incoming: boolean;
  /** How we came to know of the peer: one that was "incoming" once may be dialled later. */
  readonly source: PeerSource;
  /** The 20-byte name by which it is asked for the torrent; null when it came in. */
  readonly dialName: Uint8Array | null;
  readonly connection: Connection;
  readonly session: PeerSession<PeerConnection>;

  /** Names the peer inside its torrent; -1 before it is admitted. */
  slot: PeerSlot = -1;
  /** The picker knows the peer. */
  inPicker = false;
  readonly requests: RequestQueue = new RequestQueue();
  readonly pipeline: RequestPipeline;
  readonly uploads: UploadQueue;
  readonly timeout: RequestTimeout = new RequestTimeout();
  readonly up: RateMeter = new RateMeter();
  /** Reads from disk for this peer that are under way, and their bytes. */
  readsUnderWay = 0;
  readingBytes = 0;

  parole = false;
  /** Its reputation, as of the last round of choking; see `Reputations`. */
  score = 0;
  /** Since its reputation was counted last: bytes in pieces that were right (whole blocks), times it did not deliver. */
  verified = 0;
  late = 0;
  unsolicitedTold = 0;
  speed: 0 | 1 | 2 = 1;
  responseMs: Millis = Infinity;
  /** Pieces that it may get while we choke it (BEP 6). */
  readonly grantedFast: Set<PieceIndex> = new Set();
  /** The peer said that it doesn't want to download (BEP 21). */
  uploadOnly = false;
  readonly sendsMore = false;
  readonly inRuns = false;
  /** Blocks received that we never asked for. */
  unsolicited = 0;
  /** Both sides had all that they wanted when the connection ended. */
  hadNothingToDo = false;
  /** The peer was seen complete. */
  complete = false;
  /** Candidates for dialling that are this peer: they are busy as long as it is connected. */
  readonly addresses: Endpoint[] = [];
  /** Where it says that it listens, if it came in. */
  listensAt: Endpoint | null = null;
  /** Closed because there is another connection with the same peer, or because we are that ourselves: nobody has failed. */
  isTwin = false;
  /** We serve it by chance, not by merit. */
  optimistic = false;
  everUnchoked = false;
  /** Since when we serve it, or don't. */
  chokeChangedAt: Millis;
  uploadedAtUnchoke = 0;
  /** Totals at the last round of choking. */
  roundDown = 0;
  roundUp = 0;
  /** Not asked for blocks before this time: it rejected what it was asked for. */
  refillAt: Millis = 0;
  rejectPauseMs: Millis = 0;
  paid = 0;
  /** When the peer last stopped serving us. */
  chokedAt: Millis = 0;
  extensionHandlers: ReadonlyMap<number, ExtensionPeerHandler> = new Map();

  readonly openedAt: Millis;
  /** When the network said that an outgoing connection is up. */
  connectedAt: Millis | null = null;
  lastReceivedAt: Millis;
  lastSentAt: Millis;

  readonly #context: SessionContext;
  #owner: PeerOwner;
  #closed = false;
  #reason: ShoalError | null = null;
  #readPauses = 0;

  constructor(
    context: SessionContext,
    connection: Connection,
    { source, incoming, dialName = null }: Origin,
    greeter: Greeter<PeerConnection>,
    owner: PeerOwner,
  ) {
    this.#context = context;
    this.connection = connection;
    this.remote = connection.remote;
    this.party = { kind: "peer", address: endpointKey(this.remote.host, this.remote.port), client: "" };
    this.source = source;
    this.dialName = dialName;
    this.incoming = incoming;
    this.#owner = owner;
    this.session = new PeerSession<PeerConnection>(this, greeter);
    this.pipeline = new RequestPipeline(context.settings.maxOutstandingRequests);
    this.uploads = new UploadQueue(context.settings.maxQueuedRequests);
    this.openedAt = context.now();
    this.chokeChangedAt = this.openedAt;
    this.lastReceivedAt = this.openedAt;
    this.lastSentAt = this.openedAt;
    context.onConnectionOpened();
  }

  get obfuscated(): boolean {
    return this.connection instanceof ObfuscatedConnection;
  }

  /** Dialled, and taken, but not yet as something that we understand. */
  get isObfuscating(): boolean {
    const { connection } = this;
    return (
      this.connectedAt !== null && connection instanceof ObfuscatedConnection && !connection.isEstablished
    );
  }

  get name(): string {
    return peerKey(this.remote.host, this.remote.port);
  }

  get have(): Bitfield {
    return this.session.have!;
  }

  get choked(): boolean {
    return this.session.peerChoking;
  }

  get allowedFast(): ReadonlySet<PieceIndex> {
    return this.session.allowedFast;
  }

  get snubbed(): boolean {
    return this.pipeline.isSnubbed;
  }

  get distrusted(): boolean {
    return this.score < 0;
  }

  get interested(): boolean {
    return this.session.amInterested;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get isHeld(): boolean {
    return (this.#readPauses & READ_PAUSE.limit) !== 0;
  }

  setHeld(held: boolean): void {
    if (held) this.pauseReading(READ_PAUSE.limit);
    else this.resumeReading(READ_PAUSE.limit);
  }

  pauseReading(why: ReadPause): void {
    this.#readPauses |= why;
    this.connection.pauseReading();
  }

  /** One reason is gone. */
  resumeReading(why: ReadPause): void {
    this.#readPauses &= ~why;
    if (this.#readPauses === 0) this.connection.resumeReading();
  }

  setInterested(interested: boolean): void {
    this.session.setInterested(interested);
  }

  request(piece: PieceIndex, block: BlockIndex, length: number): void {
    this.session.out.request(piece, block * BLOCK_SIZE, length);
  }

  cancel(piece: PieceIndex, block: BlockIndex, length: number): void {
    this.session.out.cancel(piece, block * BLOCK_SIZE, length);
  }

  onSilent(): void {
    this.late++;
    this.pipeline.onTimeout();
  }

  onBlock(length: number, latencyMs: Millis | null, now: Millis): void {
    this.pipeline.onBlock(length, now, latencyMs);
    this.timeout.onBlock(now);
    this.rejectPauseMs = 0;
  }

  start(): void {
    this.connection.start(this);
  }

  setOwner(owner: PeerOwner): void {
    this.#owner = owner;
  }

  /** Hands everything written to the session's outbox to the socket. */
  flush(): void {
    if (this.session.out.length === 0 || this.#closed) return;
    if (this.connection.queuedBytes > MAX_QUEUED) {
      this.close(new ShoalError("ERR_PROTOCOL", "The peer asks for much and reads nothing"));
      return;
    }
    this.lastSentAt = this.#context.now();
    this.connection.write(this.session.out.take());
  }

  /** Ends the connection; `onClosed` of the owner follows. Only the first reason counts. */
  close(reason: ShoalError | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.connection.close();
  }

  onConnected(): void {
    if (this.#closed) return;
    this.connectedAt = this.#context.now();
    this.#owner.onConnected(this);
    this.flush();
  }

  onBytes(buffer: Uint8Array, start: number, end: number): void {
    if (this.#closed) return;
    this.lastReceivedAt = this.#context.now();
    try {
      this.session.onBytes(buffer, start, end);
      if (this.#closed) return;
      this.#owner.afterInput(this);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.close(error);
      return;
    }
    this.flush();
  }

  /** From the handshake on, the peer waits: what it sends is not handled before `proceed`. */
  hold(): void {
    this.pauseReading(READ_PAUSE.lobby);
    this.session.hold();
  }

  proceed(): void {
    this.session.proceed();
    this.resumeReading(READ_PAUSE.lobby);
    this.onBytes(NOTHING, 0, 0);
  }

  onDrain(): void {
    if (!this.#closed) this.#owner.onDrain(this);
  }

  onClosed(error: ShoalError | null): void {
    this.#closed = true;
    this.session.release();
    this.#context.onConnectionClosed();
    for (const handler of this.extensionHandlers.values()) handler.onClosed?.();
    this.#owner.onClosed(this, this.#reason ?? error);
  }

  usefulness(): Usefulness {
    const now = this.#context.now();
    return {
      isNamed: isNamed(this.source),
      rate: this.pipeline.rate(now) + this.up.rate(now),
      isInterested: this.session.amInterested || this.session.peerInterested,
      openedAt: this.openedAt,
    };
  }

  info(now: Millis): PeerInfo {
    const have = this.session.have;
    return {
      host: this.remote.host,
      port: this.remote.port,
      incoming: this.incoming,
      source: this.source,
      client: this.party.client,
      progress: have === null || have.length === 0 ? 0 : have.count / have.length,
      seed: have !== null && have.isFull,
      downRate: this.pipeline.rate(now),
      upRate: this.up.rate(now),
      downloaded: this.pipeline.total,
      uploaded: this.up.total,
      choked: this.session.amChoking,
      choking: this.session.peerChoking,
      interested: this.session.peerInterested,
      interesting: this.interested,
      snubbed: this.snubbed,
      v2: this.session.v2,
      obfuscated: this.obfuscated,
      requests: this.requests.length,
      reputation: this.#context.standings.opinion(this.remote),
    };
  }
}

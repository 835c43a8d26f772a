import { copyBytes } from "../../base/bytes.ts";
import type { PieceIndex } from "../../base/brand.ts";
import { Bitfield } from "../../base/bitfield.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { Layout } from "../../meta/layout.ts";
import { type ExtensionHandshake, decodeExtensionHandshake } from "../../wire/extension.ts";
import { FrameReader, type FrameHandler } from "../../wire/frame.ts";
import {
  type HashRequest,
  hasReserved,
  MessageWriter,
  RESERVED_DHT,
  RESERVED_EXTENSION,
  RESERVED_FAST,
  RESERVED_V2,
  reservedBytes,
} from "../../wire/message.ts";

/** HAVE messages kept while the number of pieces is not known yet (magnet links). */
const MAX_EARLY_HAVES = 10_000;
/** How often a peer may say in five bytes that it has all pieces or none: each time all of them are counted anew. */
const MAX_HAVE_STATES = 32;
/** Extension names that are remembered of a peer. */
const MAX_EXTENSIONS = 256;

/** Decides on the handshake of a peer, before the connection belongs to a torrent. May throw a ShoalError to refuse it. */
export interface Greeter<P> {
  onHandshake(peer: P, infoHash: Uint8Array, peerId: Uint8Array): void;
}

/** Facts about one peer, already checked against the protocol. Byte views must not be kept. */
export interface PeerHandler<P> {
  onExtensionHandshake(peer: P, handshake: ExtensionHandshake): void;
  /** `have` was set as a whole: after the bitfield, have-all or have-none, or once the layout became known. */
  onHaveKnown(peer: P): void;
  onHave(peer: P, piece: PieceIndex): void;
  onDontHave(peer: P, piece: PieceIndex): void;
  onChoke(peer: P): void;
  onUnchoke(peer: P): void;
  onInterestChanged(peer: P): void;
  onRequest(peer: P, piece: PieceIndex, begin: number, length: number): void;
  onCancel(peer: P, piece: PieceIndex, begin: number, length: number): void;
  onBlock(
    peer: P,
    piece: PieceIndex,
    begin: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void;
  onReject(peer: P, piece: PieceIndex, begin: number, length: number): void;
  onAllowedFast(peer: P, piece: PieceIndex): void;
  /** Message of the extension that we announced under `localId` (BEP 10). */
  onExtended(peer: P, localId: number, payload: Uint8Array): void;
  /** UDP port of the DHT node at the other end (BEP 5); at most once. */
  onPort(peer: P, port: number): void;
  onHashRequest(peer: P, request: HashRequest): void;
  onHashes(peer: P, request: HashRequest, hashes: Uint8Array): void;
  onHashReject(peer: P, request: HashRequest): void;
}

/**
 * Protocol state of one connection (BEP 3, 6, 10, 52): bytes in, checked facts and bytes out. It guards what the peer may say when;
 * what to make of it is decided by the torrent. No socket, no timer.
 */
export class PeerSession<P> implements FrameHandler {
  /** Messages to be sent; the connection takes them after each input. */
  readonly out: MessageWriter;

  /** The peer's 20-byte id, once its handshake has come. */
  peerId: Uint8Array | null = null;
  /** The 20-byte name of the torrent in the peer's handshake. */
  infoHash: Uint8Array | null = null;
  fast = false;
  extended = false;
  dht = false;
  /** Both sides speak BEP 52 for this torrent. Decided by the torrent, never from the reserved bit alone. */
  v2 = false;
  /** The peer set the v2 bit in its handshake. */
  offersV2 = false;

  peerChoking = true;
  peerInterested = false;
  amChoking = true;
  amInterested = false;

  /** Pieces the peer has; null while the torrent's metadata is unknown. */
  have: Bitfield | null = null;
  readonly allowedFast: Set<PieceIndex> = new Set();
  readonly #remoteExtensions: Map<string, number> = new Map();

  readonly #frame: FrameReader;
  readonly #peer: P;
  readonly #greeter: Greeter<P>;
  #handler: PeerHandler<P> | null = null;
  #layout: Layout | null = null;
  #haveStated = false;
  #haveStates = 0;
  #portKnown = false;
  #earlyBitfield: Uint8Array | null = null;
  #earlyAll = false;
  #earlyHaves: PieceIndex[] = [];

  /** `peer` is handed to the greeter and the handler with every call. */
  constructor(peer: P, greeter: Greeter<P>) {
    this.#peer = peer;
    this.#greeter = greeter;
    this.#frame = new FrameReader(this);
    this.out = new MessageWriter(256);
  }

  get handshaken(): boolean {
    return this.peerId !== null;
  }

  /** Who gets the facts from now on; to be set by the greeter at the latest. */
  attach(handler: PeerHandler<P>): void {
    this.#handler = handler;
  }

  /** The peer's extension message ids by name (BEP 10). */
  get remoteExtensions(): ReadonlyMap<string, number> {
    return this.#remoteExtensions;
  }

  get layoutKnown(): boolean {
    return this.#layout !== null;
  }

  /** Feeds received bytes. Throws ProtocolError when the peer breaks the protocol: close the connection then. */
  onBytes(buffer: Uint8Array, start: number, end: number): void {
    this.#frame.push(buffer, start, end);
  }

  /** For the greeter: nothing after the handshake is handled before `proceed`, and the next bytes after that. */
  hold(): void {
    this.#frame.hold();
  }

  proceed(): void {
    this.#frame.proceed();
  }

  /** Gives what was kept of an unfinished message back to the pool. */
  release(): void {
    this.#frame.release();
  }

  /** Tells the session what is being shared; what the peer said of its pieces before is checked now. */
  setLayout(layout: Layout): void {
    if (this.#layout !== null) return;
    this.#layout = layout;
    this.#frame.maxBitfieldBytes = Math.ceil(layout.pieceCount / 8);
    const have =
      this.#earlyBitfield === null
        ? new Bitfield(layout.pieceCount)
        : Bitfield.fromWire(this.#earlyBitfield, layout.pieceCount);
    if (this.#earlyAll) have.setAll();
    for (const piece of this.#earlyHaves) {
      this.#checkPiece(piece);
      have.set(piece);
    }
    this.#earlyBitfield = null;
    this.#earlyHaves = [];
    this.have = have;
    if (this.#haveStated || !have.isEmpty) this.#handler!.onHaveKnown(this.#peer);
  }

  /** Sends our handshake. `offers.v2` sets the bit that offers BEP 52, `offers.dht` the one that asks for a PORT message (BEP 5). */
  sendHandshake(
    infoHash: Uint8Array,
    peerId: Uint8Array,
    offers: { readonly v2: boolean; readonly dht: boolean },
  ): void {
    const bits = [RESERVED_EXTENSION, RESERVED_FAST];
    if (offers.v2) bits.push(RESERVED_V2);
    if (offers.dht) bits.push(RESERVED_DHT);
    this.out.handshake(reservedBytes(bits), infoHash, peerId);
  }

  /** States our pieces, in the shortest form the peer understands. Sent once, right after the handshakes. */
  sendHaveState(have: Bitfield | null): void {
    if (have === null || have.isEmpty) {
      if (this.fast) this.out.haveNone();
    } else if (have.isFull && this.fast) {
      this.out.haveAll();
    } else {
      this.out.bitfield(have.toWire());
    }
  }

  setInterested(interested: boolean): void {
    if (interested === this.amInterested) return;
    this.amInterested = interested;
    if (interested) this.out.interested();
    else this.out.notInterested();
  }

  setChoking(choking: boolean): void {
    if (choking === this.amChoking) return;
    this.amChoking = choking;
    if (choking) this.out.choke();
    else this.out.unchoke();
  }

  /** Sends a message of an extension, if the peer has announced it. */
  sendExtended(name: string, payload: Uint8Array): boolean {
    const id = this.remoteExtensions.get(name);
    if (id === undefined || id === 0) return false;
    this.out.extended(id, payload);
    return true;
  }

  onHandshake(reserved: Uint8Array, infoHash: Uint8Array, peerId: Uint8Array): void {
    this.peerId = peerId;
    this.infoHash = infoHash;
    this.extended = hasReserved(reserved, RESERVED_EXTENSION);
    this.fast = hasReserved(reserved, RESERVED_FAST);
    this.dht = hasReserved(reserved, RESERVED_DHT);
    this.offersV2 = hasReserved(reserved, RESERVED_V2);
    this.#greeter.onHandshake(this.#peer, infoHash, peerId);
  }

  onKeepAlive(): void {}

  onChoke(): void {
    if (this.peerChoking) return;
    this.peerChoking = true;
    this.#handler!.onChoke(this.#peer);
  }

  onUnchoke(): void {
    if (!this.peerChoking) return;
    this.peerChoking = false;
    this.#handler!.onUnchoke(this.#peer);
  }

  onInterested(): void {
    if (this.peerInterested) return;
    this.peerInterested = true;
    this.#handler!.onInterestChanged(this.#peer);
  }

  onNotInterested(): void {
    if (!this.peerInterested) return;
    this.peerInterested = false;
    this.#handler!.onInterestChanged(this.#peer);
  }

  onHave(piece: PieceIndex): void {
    if (this.have === null) {
      if (this.#earlyHaves.length >= MAX_EARLY_HAVES) throw new ProtocolError("too many have messages");
      this.#earlyHaves.push(piece);
      return;
    }
    this.#checkPiece(piece);
    if (this.have.set(piece)) this.#handler!.onHave(this.#peer, piece);
  }

  /** lt_donthave (BEP 54). */
  onDontHave(piece: PieceIndex): void {
    if (this.have === null) return;
    this.#checkPiece(piece);
    if (this.have.clear(piece)) this.#handler!.onDontHave(this.#peer, piece);
  }

  /** BEP 3 has it first and once only, but aria2 sends another in place of many haves. */
  onBitfield(bytes: Uint8Array): void {
    this.#haveStated = true;
    if (this.#layout === null) {
      this.#earlyBitfield = copyBytes(bytes);
      this.#earlyAll = false;
      return;
    }
    this.have = Bitfield.fromWire(bytes, this.#layout.pieceCount);
    this.#handler!.onHaveKnown(this.#peer);
  }

  onHaveAll(): void {
    this.#onHaveState();
    if (this.#layout === null) {
      this.#earlyAll = true;
      return;
    }
    this.have = new Bitfield(this.#layout.pieceCount);
    this.have.setAll();
    this.#handler!.onHaveKnown(this.#peer);
  }

  onHaveNone(): void {
    this.#onHaveState();
    if (this.#layout === null) {
      this.#earlyBitfield = null;
      this.#earlyAll = false;
      this.#earlyHaves = [];
      return;
    }
    this.have = new Bitfield(this.#layout.pieceCount);
    this.#handler!.onHaveKnown(this.#peer);
  }

  onRequest(piece: PieceIndex, begin: number, length: number): void {
    const layout = this.#layout;
    if (layout === null) {
      if (this.fast) this.out.reject(piece, begin, length);
      return;
    }
    this.#checkPiece(piece);
    if (begin + length > layout.pieceSize(piece)) {
      throw new ProtocolError("request outside its piece", { piece, begin, length });
    }
    this.#handler!.onRequest(this.#peer, piece, begin, length);
  }

  onCancel(piece: PieceIndex, begin: number, length: number): void {
    if (this.#layout !== null) this.#handler!.onCancel(this.#peer, piece, begin, length);
  }

  onPiece(piece: PieceIndex, begin: number, buffer: Uint8Array, offset: number, length: number): void {
    if (this.#layout === null) throw new ProtocolError("block before the metadata is known");
    this.#checkPiece(piece);
    this.#handler!.onBlock(this.#peer, piece, begin, buffer, offset, length);
  }

  onReject(piece: PieceIndex, begin: number, length: number): void {
    this.#requireFast();
    if (this.#layout === null) return;
    this.#checkPiece(piece);
    this.#handler!.onReject(this.#peer, piece, begin, length);
  }

  onAllowedFast(piece: PieceIndex): void {
    this.#requireFast();
    if (this.#layout === null || piece >= this.#layout.pieceCount || this.allowedFast.size >= 256) return;
    this.allowedFast.add(piece);
    this.#handler!.onAllowedFast(this.#peer, piece);
  }

  onSuggest(_piece: PieceIndex): void {
    this.#requireFast();
  }

  /** A connection has one node at its other end. */
  onPort(port: number): void {
    if (this.#portKnown || port === 0) return;
    this.#portKnown = true;
    this.#handler!.onPort(this.#peer, port);
  }

  onExtended(id: number, payload: Uint8Array): void {
    if (!this.extended) throw new ProtocolError("extension message without the extension bit");
    if (id !== 0) {
      this.#handler!.onExtended(this.#peer, id, payload);
      return;
    }
    const handshake = decodeExtensionHandshake(payload);
    for (const [name, local] of handshake.extensions) {
      const known = this.#remoteExtensions;
      if (known.size < MAX_EXTENSIONS || known.has(name)) known.set(name, local);
    }
    this.#handler!.onExtensionHandshake(this.#peer, handshake);
  }

  onHashRequest(request: HashRequest): void {
    if (this.v2) this.#handler!.onHashRequest(this.#peer, request);
  }

  onHashes(request: HashRequest, hashes: Uint8Array): void {
    if (this.v2) this.#handler!.onHashes(this.#peer, request, hashes);
  }

  onHashReject(request: HashRequest): void {
    if (this.v2) this.#handler!.onHashReject(this.#peer, request);
  }

  /** Unknown messages are ignored, as BEP 4 asks. */
  onUnknown(_id: number): void {}

  #checkPiece(piece: PieceIndex): void {
    if (piece >= this.#layout!.pieceCount) throw new ProtocolError("piece index out of range", { piece });
  }

  #onHaveState(): void {
    this.#requireFast();
    this.#haveStated = true;
    if (++this.#haveStates > MAX_HAVE_STATES)
      throw new ProtocolError("the peer keeps saying that it has all or nothing");
  }

  #requireFast(): void {
    if (!this.fast) throw new ProtocolError("fast extension message without the fast bit");
  }
}

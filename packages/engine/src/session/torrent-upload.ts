import type { Millis, PieceIndex } from "../base/brand.ts";
import { RateMeter } from "../base/rate-meter.ts";
import type { ShoalError } from "../base/errors.ts";
import type { BandwidthLane } from "../core/bandwidth/bandwidth-turns.ts";
import type { RateLimit } from "../core/bandwidth/rate-limit.ts";
import { allowedFastSet, FAST_SET_SIZE } from "../core/peer/fast-set.ts";
import type { UploadRun } from "../core/peer/upload-queue.ts";
import type { StorageId } from "../ports/disk.ts";
import { PIECE_HEADER_BYTES, writePieceHeader } from "../wire/message.ts";
import type { SessionContext } from "./context.ts";
import type { PeerConnection } from "./peer-connection.ts";
import { RUN_BYTES } from "./upload-buffers.ts";

/** Reads from disk that may be under way for one peer. */
const MAX_READS = 4;
/**
 * Bytes waiting to be sent to one peer: half a second's worth within these bounds. Our own requests to the peer wait behind
 * them: on a slow uplink that many peers share, a large run would hold them up for many seconds.
 */
const MIN_WATERMARK = 32 * 1024;
const MAX_WATERMARK = 4 * 1024 * 1024;

/** What serving needs to know of its torrent. */
export interface UploadOwner {
  hasPiece(piece: PieceIndex): boolean;
  /** False while the files have to be looked at, or the piece to be hashed first; `serve` is called again then. */
  mayServe(piece: PieceIndex): boolean;
  /** Bytes of the piece will be wanted: what has to be done before they may be read can begin. */
  willRead(piece: PieceIndex): void;
  /** A read failed: the data is not what it was. */
  onReadError(piece: PieceIndex, error: ShoalError): void;
  /** Bytes of the piece are on their way to the peer. */
  onSent(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void;
}

/**
 * The way up: a peer's requests, sorted by piece and offset, are read in runs between message headers that are written
 * beforehand, and each run leaves in one write.
 */
export class TorrentUpload {
  readonly #context: SessionContext;
  readonly #owner: UploadOwner;
  readonly #storage: StorageId;
  readonly rate: RateMeter = new RateMeter();
  /** Those who get something when the speed limit allows it. */
  readonly #lane: BandwidthLane<PeerConnection>;
  #stopped = true;

  constructor(context: SessionContext, owner: UploadOwner, storage: StorageId, limit: RateLimit) {
    this.#context = context;
    this.#owner = owner;
    this.#storage = storage;
    this.#lane = context.bandwidth.up.turns.lane(limit, (peer, mostBytes, now) => {
      const served = this.#canServe(peer, now) && this.#serveRun(peer, mostBytes, now);
      return served && this.#canServe(peer, now);
    });
  }

  start(): void {
    this.#stopped = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#lane.clear();
  }

  onRequest(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void {
    const { session } = peer;
    const allowed = !session.amChoking || peer.grantedFast.has(piece);
    const served = allowed && !this.#stopped && this.#owner.hasPiece(piece);
    if (!served || !peer.uploads.add(piece, begin, length)) {
      if (session.fast) session.out.reject(piece, begin, length);
      return;
    }
    this.#owner.willRead(piece);
  }

  /**
   * Grants the peer some pieces while it is choked, so that it gets something to trade (BEP 6). Only common ones: in a new swarm
   * everybody would take the same few from us, and neighbours have the same set.
   */
  grantFastSet(
    peer: PeerConnection,
    infoHash: Uint8Array,
    pieceCount: number,
    isCommon: (piece: PieceIndex) => boolean,
  ): void {
    if (!peer.session.fast) return;
    const { sha1 } = this.#context.hasher;
    for (const piece of allowedFastSet(FAST_SET_SIZE, pieceCount, infoHash, peer.remote.host, sha1)) {
      if (!this.#owner.hasPiece(piece) || !isCommon(piece)) continue;
      peer.grantedFast.add(piece);
      peer.session.out.allowedFast(piece);
    }
  }

  onCancel(peer: PeerConnection, piece: PieceIndex, begin: number, length: number): void {
    if (peer.uploads.cancel(piece, begin, length) && peer.session.fast) {
      peer.session.out.reject(piece, begin, length);
    }
  }

  /** Drops what the peer has asked for; with the fast extension each request is rejected (BEP 6). */
  choke(peer: PeerConnection): void {
    peer.session.setChoking(true);
    peer.uploads.clear((piece, begin, length) => {
      if (peer.session.fast) peer.session.out.reject(piece, begin, length);
    }, peer.grantedFast);
  }

  /** Starts as many reads as the peer's buffers and speed limits allow. */
  serve(peer: PeerConnection): void {
    const now = this.#context.now();
    if (this.#lane.limit.isLimited) {
      if (this.#canServe(peer, now)) this.#lane.enter(peer, now);
      return;
    }
    while (this.#canServe(peer, now) && this.#serveRun(peer, RUN_BYTES, now));
  }

  #canServe(peer: PeerConnection, now: Millis): boolean {
    if (peer.closed || peer.uploads.length === 0 || peer.readsUnderWay >= MAX_READS) return false;
    if (peer.connection.queuedBytes + peer.readingBytes >= watermark(peer, now)) return false;
    return this.#owner.mayServe(peer.uploads.nextPiece);
  }

  /** False when nothing was taken from the queue. */
  #serveRun(peer: PeerConnection, mostBytes: number, now: Millis): boolean {
    const run = peer.uploads.nextRun(Math.min(mostBytes, watermark(peer, now)));
    if (run === null) return false;
    if (!this.#owner.hasPiece(run.piece)) {
      this.#refuseRun(peer, run.piece, run.begin, run.length, run.blockLength);
      return true;
    }
    this.#lane.limit.spend(run.length, now);
    this.#readRun(peer, run.piece, run.begin, run.length, run);
    return true;
  }

  #readRun(peer: PeerConnection, piece: PieceIndex, begin: number, length: number, run: UploadRun): void {
    const blockLength = run.blockLength;
    const blocks = Math.ceil(length / blockLength);
    const total = length + blocks * PIECE_HEADER_BYTES;
    const buffer = this.#context.uploadBuffers.take(total);
    for (let i = 0; i < blocks; i++) {
      const at = i * (blockLength + PIECE_HEADER_BYTES);
      writePieceHeader(
        buffer,
        at,
        piece,
        begin + i * blockLength,
        Math.min(blockLength, length - i * blockLength),
      );
    }
    peer.readsUnderWay++;
    peer.readingBytes += total;
    this.#context.disk.read(
      this.#storage,
      piece,
      begin,
      length,
      buffer,
      PIECE_HEADER_BYTES,
      blockLength,
      PIECE_HEADER_BYTES,
      (error) => this.#onRead(peer, piece, begin, length, blockLength, buffer, total, error),
    );
  }

  #onRead(
    peer: PeerConnection,
    piece: PieceIndex,
    begin: number,
    length: number,
    blockLength: number,
    buffer: Uint8Array,
    total: number,
    error: ShoalError | null,
  ): void {
    peer.readsUnderWay--;
    peer.readingBytes -= total;
    const buffers = this.#context.uploadBuffers;
    const now = this.#context.now();
    if (error !== null || peer.closed) this.#lane.limit.spend(-length, now);
    if (error !== null) {
      buffers.give(buffer);
      this.#refuseRun(peer, piece, begin, length, blockLength);
      this.#owner.onReadError(piece, error);
      return;
    }
    if (peer.closed) {
      buffers.give(buffer);
      return;
    }
    peer.up.add(length, now);
    this.rate.add(length, now);
    this.#context.traffic.up.add(length, now);
    this.#owner.onSent(peer, piece, begin, length);
    peer.lastSentAt = now;
    peer.flush();
    peer.connection.write(buffer.subarray(0, total), () => buffers.give(buffer));
    this.serve(peer);
  }

  #refuseRun(
    peer: PeerConnection,
    piece: PieceIndex,
    begin: number,
    length: number,
    blockLength: number,
  ): void {
    if (peer.closed || !peer.session.fast) return;
    for (let at = 0; at < length; at += blockLength) {
      peer.session.out.reject(piece, begin + at, Math.min(blockLength, length - at));
    }
    peer.flush();
  }
}

/** Bytes that may wait for the peer. */
function watermark(peer: PeerConnection, now: Millis): number {
  return Math.min(MAX_WATERMARK, Math.max(MIN_WATERMARK, peer.up.rate(now) / 2));
}

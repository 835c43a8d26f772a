import type { BlockIndex, Millis, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import { BLOCK_SIZE } from "../meta/layout.ts";
import type { Timer } from "../ports/clock.ts";
import { encodeDontHave, encodeUploadOnly } from "../wire/extension.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import type { PeerConnection } from "./peer-connection.ts";
import type { TorrentDownload } from "./torrent-download.ts";
import type { TorrentUpload } from "./torrent-upload.ts";

/** HAVE messages wait this long at most, so that several go out together. */
const HAVE_DELAY_MS = 50;
/** With the fast extension a choking peer rejects each request; one that doesn't loses them after this time. */
const REJECT_WAIT_MS = 10_000;
/** A peer that rejects while it serves us is not asked for so long; doubled each time until a block comes. */
const REJECT_PAUSE_MS = 1_000;
const MAX_REJECT_PAUSE_MS = 30_000;
/** So many lost or found pieces are not told one by one: the peer is to connect again. */
const MAX_TOLD = 1_000;
/** Two seeds stay together for so long: one of them may lack hashes and ask for them (BEP 52). */
const SEEDS_MEET_MS = 5_000;
/** A peer slower than the fastest by this factor is slow, by half of it medium (see the picker's speed classes). */
const SLOW_FACTOR = 10;
const MEDIUM_FACTOR = 2;

export interface ExchangeOwner {
  readonly connectedPeers: ReadonlySet<PeerConnection>;
  /** Peers, and web seeds in use. */
  readonly sources: readonly BlockSource[];
  /** Hashes are to come from peers still. */
  readonly wantsHashes: boolean;
  onPeerComplete(peer: PeerConnection): void;
}

/** What peers and web seeds have, and peers want: interest, overdue requests, news of our pieces, and good-byes between seeds. */
export class PieceExchange {
  readonly #context: SessionContext;
  readonly #owner: ExchangeOwner;
  readonly #picker: PiecePicker;
  readonly #download: TorrentDownload;
  readonly #upload: TorrentUpload;
  /** Verified pieces that peers were not told of yet. */
  readonly #news: PieceIndex[] = [];
  #newsTimer: Timer | null = null;
  #active = false;
  #interestDirty = false;

  constructor(
    context: SessionContext,
    owner: ExchangeOwner,
    picker: PiecePicker,
    download: TorrentDownload,
    upload: TorrentUpload,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#picker = picker;
    this.#download = download;
    this.#upload = upload;
  }

  /** The disk takes nothing: peers are asked for nothing, and told that they may serve others. */
  hold(): void {
    this.#download.hold();
    for (const source of this.#owner.sources) {
      this.#download.withdraw(source);
      this.#updateInterest(source);
      source.flush();
    }
  }

  /** The end of `hold`; see `TorrentDownload.goOn`. */
  goOn(careful: boolean): void {
    this.#download.goOn(careful);
    this.#interestDirty = true;
  }

  get hasNews(): boolean {
    return this.#news.length > 0;
  }

  start(): void {
    this.#active = true;
    // Peers may have told what they have before.
    this.#interestDirty = true;
    this.#download.start();
    this.#upload.start();
  }

  stop(): void {
    this.#active = false;
    this.#download.stop();
    this.#upload.stop();
    this.#newsTimer?.cancel();
    this.#newsTimer = null;
    this.#news.length = 0;
  }

  /** Who is interesting may have changed: to be found out at the next tick. */
  reconsiderInterest(): void {
    this.#interestDirty = true;
  }

  /** Tells a peer that connected before the content was known what we have. */
  stateHave(peer: PeerConnection): void {
    for (const piece of this.#picker.have) peer.session.out.have(piece);
  }

  onHaveKnown(peer: PeerConnection): void {
    if (peer.inPicker) this.#picker.onPeerBitfield(peer);
    else this.#addToPicker(peer);
    peer.complete = peer.have.isFull;
    this.#updateInterest(peer);
  }

  onHave(peer: PeerConnection, piece: PieceIndex): void {
    if (peer.inPicker) this.#picker.onPeerHave(peer, piece);
    else this.#addToPicker(peer);
    if (!peer.session.amInterested) this.#updateInterest(peer);
    if (!peer.complete && peer.have.isFull) {
      peer.complete = true;
      this.#owner.onPeerComplete(peer);
    }
  }

  onDontHave(peer: PeerConnection, piece: PieceIndex): void {
    if (peer.inPicker) this.#picker.onPeerDontHave(peer, piece);
    peer.complete = false;
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
    if (peer.requests.remove(piece, block) < 0) return;
    // The answer to a request that we had withdrawn refuses nothing.
    if (peer.requests.removedLate) return;
    this.#picker.release(peer.slot, piece, block);
    // Asking again at once would go on for ever.
    if (peer.choked) peer.session.allowedFast.delete(piece);
    else if (peer.refillAt <= this.#context.now()) {
      peer.rejectPauseMs = Math.min(MAX_REJECT_PAUSE_MS, Math.max(REJECT_PAUSE_MS, peer.rejectPauseMs * 2));
      peer.refillAt = this.#context.now() + peer.rejectPauseMs;
    }
  }

  /** The block will not come from it: others may be asked. */
  giveBack(source: BlockSource, piece: PieceIndex, block: BlockIndex): void {
    if (source.requests.bury(piece, block)) this.#picker.release(source.slot, piece, block);
  }

  onPeerGone(peer: PeerConnection): void {
    this.#download.onGone(peer);
    if (!peer.inPicker) return;
    // Of two seeds that part either may have been the first to say so.
    if (this.#picker.have.isFull && peer.have.isFull) peer.hadNothingToDo = true;
    this.#picker.removePeer(peer);
    peer.inPicker = false;
  }

  /** All messages of one received buffer have been handled. */
  afterInput(peer: PeerConnection): void {
    this.#download.refill(peer);
    this.#upload.serve(peer);
  }

  /** There is room for requests again. */
  refillAll(): void {
    for (const source of this.#byRepute()) {
      this.#download.refill(source);
      source.flush();
    }
  }

  /** Reads may be made again. */
  serveAll(): void {
    for (const peer of this.#owner.connectedPeers) this.#upload.serve(peer);
  }

  onTick(now: Millis): void {
    if (!this.#active) return;
    const dirty = this.#interestDirty;
    this.#interestDirty = false;
    let fastest = 0;
    for (const { pipeline } of this.#owner.sources) fastest = Math.max(fastest, pipeline.rate(now));
    for (const source of this.#byRepute()) {
      if (dirty) this.#updateInterest(source);
      classify(source, fastest, now);
      this.#expire(source, now);
      this.#download.refill(source);
      source.flush();
    }
    for (const peer of this.#owner.connectedPeers) {
      this.#upload.serve(peer);
      peer.flush();
      if (this.#isMeetingOfSeeds(peer, now)) {
        peer.hadNothingToDo = true;
        peer.close(new ShoalError("ERR_CONNECT", "Neither side needs anything"));
      }
    }
  }

  /** A piece is new: peers hear of it soon, several at once. */
  announce(piece: PieceIndex): void {
    this.#news.push(piece);
    this.#newsTimer ??= this.#context.clock.setTimer(HAVE_DELAY_MS, () => {
      this.#newsTimer = null;
      this.#tellNews();
    });
  }

  /** As `announce`; so many that the peers had better ask anew are not told one by one. */
  announceAll(pieces: readonly PieceIndex[]): void {
    if (pieces.length <= MAX_TOLD) for (const piece of pieces) this.announce(piece);
    else this.#askToReconnect();
  }

  /** Nothing is asked of peers or given to them for a while; they stay connected. */
  standStill(): void {
    this.stop();
    for (const peer of this.#owner.connectedPeers) this.#upload.choke(peer);
    for (const source of this.#owner.sources) {
      this.#download.withdraw(source);
      this.#updateInterest(source);
      source.flush();
    }
  }

  /** Pieces are gone (BEP 54). */
  withdraw(pieces: readonly PieceIndex[]): void {
    if (pieces.length > MAX_TOLD) {
      this.#askToReconnect();
      return;
    }
    for (const peer of this.#owner.connectedPeers) {
      for (const piece of pieces) peer.session.sendExtended("lt_donthave", encodeDontHave(piece));
      peer.flush();
    }
    this.#interestDirty = true;
  }

  /** We want nothing more, or something again: everybody is told (BEP 21). */
  tellUploadOnly(uploadOnly: boolean): void {
    this.#tellNews();
    for (const peer of this.#owner.connectedPeers) {
      this.#updateInterest(peer);
      peer.session.sendExtended("upload_only", encodeUploadOnly(uploadOnly));
      peer.flush();
    }
  }

  /** Other pieces are wanted than before: requests for those that are not any more are taken back. */
  onWishesChanged(): void {
    for (const source of this.#owner.sources) {
      source.requests.forEach((piece, block) => {
        if (this.#picker.priority(piece) > 0) return;
        this.giveBack(source, piece, block);
        source.cancel(piece, block, this.#download.blockLength(piece, block));
      });
      this.#updateInterest(source);
      this.#download.refill(source);
      source.flush();
    }
  }

  #askToReconnect(): void {
    for (const peer of this.#owner.connectedPeers)
      peer.close(new ShoalError("ERR_FILE_CHANGED", "What we share has changed"));
  }

  /** Also those are told who have the pieces: else they would not see our progress. */
  #tellNews(): void {
    const pieces = this.#news.splice(0);
    if (pieces.length === 0) return;
    for (const peer of this.#owner.connectedPeers) {
      for (const piece of pieces) peer.session.out.have(piece);
      peer.flush();
    }
  }

  /** Who is trusted is asked first, so that what is scarce and urgent goes to them. */
  #byRepute(): readonly BlockSource[] {
    return this.#owner.sources.toSorted(
      (a, b) => Number(a.parole) - Number(b.parole) || b.speed - a.speed || b.score - a.score,
    );
  }

  #addToPicker(peer: PeerConnection): void {
    this.#picker.addPeer(peer);
    peer.inPicker = true;
  }

  #updateInterest(peer: BlockSource): void {
    const mayAsk = this.#active && !this.#download.isHeld && peer.inPicker;
    peer.setInterested(mayAsk && this.#picker.isInteresting(peer));
  }

  #releaseRequests(peer: BlockSource): void {
    peer.requests.clear((piece, block) => this.#picker.release(peer.slot, piece, block));
  }

  /** Takes back what the peer doesn't deliver in time, so that others can be asked. */
  #expire(peer: BlockSource, now: Millis): void {
    if (peer.requests.length === 0) return;
    if (peer.isHeld || this.#context.storeFlow.buffer.mustPause) peer.timeout.onUnread(now);
    if (peer.choked && peer.allowedFast.size === 0 && now - peer.chokedAt > REJECT_WAIT_MS) {
      this.#releaseRequests(peer);
      return;
    }
    const silent = peer.timeout.expire(peer.requests, peer.pipeline.latency, now, (piece, block) =>
      this.#picker.release(peer.slot, piece, block),
    );
    if (silent) peer.onSilent();
  }

  #isMeetingOfSeeds(peer: PeerConnection, now: Millis): boolean {
    if (!this.#picker.have.isFull || !peer.inPicker || !peer.have.isFull) return false;
    if ((peer.session.v2 && this.#owner.wantsHashes) || now - peer.openedAt < SEEDS_MEET_MS) return false;
    return peer.uploads.length === 0 && peer.readsUnderWay === 0;
  }
}

/** How fast a peer is. One that is asked for little can't show what it could deliver: then its class only rises. */
function classify(peer: BlockSource, fastest: number, now: Millis): void {
  // Those of bad repute share pieces with the slow only.
  const speed = peer.distrusted ? 0 : speedClass(peer.pipeline.rate(now), fastest);
  if (speed > peer.speed || peer.distrusted || peer.requests.length * 2 >= peer.pipeline.target)
    peer.speed = speed;
  const rate = peer.pipeline.rate(now);
  const queued = peer.requests.length * BLOCK_SIZE;
  peer.responseMs = rate > 0 ? peer.pipeline.latency.min + (queued / rate) * 1000 : Infinity;
}

function speedClass(rate: number, fastest: number): 0 | 1 | 2 {
  if (fastest === 0 || rate * SLOW_FACTOR < fastest) return 0;
  return rate * MEDIUM_FACTOR < fastest ? 1 : 2;
}

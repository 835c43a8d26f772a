import type { BlockIndex, Millis, PeerSlot, PieceIndex } from "../base/brand.ts";
import type { PiecePicker } from "../core/picker/piece-picker.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { BlockSource } from "./block-source.ts";
import type { SessionContext } from "./context.ts";
import type { TorrentEvent, WebSeedInfo } from "./events.ts";
import type { PieceExchange } from "./piece-exchange.ts";
import type { TorrentDownload } from "./torrent-download.ts";
import { SLOT_COUNT } from "./torrent-connections.ts";
import { WebSeed, type WebSeedOwner } from "./web-seed.ts";

/** Web seeds of one torrent; further ones are passed over. */
const MAX_SEEDS = 32;

export interface WebSeedsOwner {
  /** Pieces are wanted and not there. */
  readonly wantsPieces: boolean;
  readonly connectedPeers: Iterable<BlockSource>;
  readonly exchange: PieceExchange;
  readonly download: TorrentDownload;
  emit(event: TorrentEvent): void;
  /** A seed is to be told apart from others from now on. */
  onNamed(seed: BlockSource): void;
}

/** The web seeds of one torrent: which of them are in use. None is while nothing is wanted. */
export class WebSeeds implements WebSeedOwner {
  /** Those that are asked. */
  readonly inUse: Set<WebSeed> = new Set();
  readonly #context: SessionContext;
  readonly #owner: WebSeedsOwner;
  readonly #picker: PiecePicker;
  readonly #metainfo: Metainfo;
  /** Made when they are needed first. */
  #seeds: readonly WebSeed[] | null = null;
  /** Those of which it was told that they deliver. */
  readonly #delivering: Set<WebSeed> = new Set();
  #active = false;

  constructor(context: SessionContext, owner: WebSeedsOwner, picker: PiecePicker, metainfo: Metainfo) {
    this.#context = context;
    this.#owner = owner;
    this.#picker = picker;
    this.#metainfo = metainfo;
  }

  start(): void {
    this.#active = this.#context.config.webSeeds && this.#metainfo.webSeeds.length > 0;
  }

  stop(): void {
    this.#active = false;
    for (const seed of this.inUse) this.#leave(seed);
  }

  /** When one that was left in peace may be asked again; -Infinity while one is asked. */
  nextDeadline(): Millis {
    if (!this.#active || !this.#owner.wantsPieces) return Infinity;
    if (this.asked > 0) return -Infinity;
    let next = Infinity;
    for (const { health, inPicker, idleRule } of this.#all())
      if (!inPicker && !idleRule.isIdle) next = Math.min(next, health.retryAt);
    return next;
  }

  /** Those that have something we want. */
  get asked(): number {
    let asked = 0;
    for (const { interested } of this.inUse) if (interested) asked++;
    return asked;
  }

  inSlot(slot: PeerSlot): WebSeed | undefined {
    return slot < SLOT_COUNT ? undefined : this.#seeds?.[slot - SLOT_COUNT];
  }

  info(now: Millis): WebSeedInfo[] {
    return this.#context.config.webSeeds ? this.#all().map((seed) => seed.info(now)) : [];
  }

  /** Why one that was asked is left in peace. */
  get failure(): { readonly host: string; readonly message: string } | null {
    for (const { inPicker, health, host } of this.#seeds ?? [])
      if (!inPicker && health.lastError !== null) return { host, message: health.lastError };
    return null;
  }

  /** It sent wrong data. */
  ban(slot: PeerSlot, reason: string): void {
    const seed = this.inSlot(slot);
    if (seed === undefined || seed.health.isBanned) return;
    seed.health.onBanned(reason);
    this.#leave(seed);
    this.#owner.emit({ type: "web-seed", url: seed.shownUrl, ok: false, message: reason });
  }

  onArena(full: boolean): void {
    for (const seed of this.inUse) seed.onArena(full);
  }

  /** Before the exchange asks: takes into use who may be asked, and out who has nothing that is wanted. */
  onTick(now: Millis): void {
    if (!this.#active) return;
    if (!this.#owner.wantsPieces) {
      for (const seed of this.inUse) this.#leave(seed);
      return;
    }
    const best = this.#bestPeer(now);
    for (const seed of this.#all()) {
      seed.idleRule.onTick(seed.pipeline.total, best, now);
      if (!seed.inPicker && seed.health.mayAsk(now) && !seed.idleRule.isIdle) this.#join(seed, now);
      else if (seed.inPicker && seed.idleRule.isIdle) this.#leave(seed);
      else if (seed.inPicker && seed.lacksFiles && !this.#picker.isInteresting(seed)) {
        seed.health.onEmpty(now);
        seed.forgetMissing();
        this.#leave(seed);
      }
    }
  }

  // -- what web seeds ask and tell

  onBlock(
    seed: WebSeed,
    piece: PieceIndex,
    begin: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    this.#owner.download.onBlock(seed, piece, begin, buffer, offset, length);
    if (this.#delivering.has(seed)) return;
    this.#delivering.add(seed);
    this.#owner.emit({ type: "web-seed", url: seed.shownUrl, ok: true, message: null });
  }

  onRoom(seed: WebSeed): void {
    if (!seed.inPicker) return;
    this.#owner.download.refill(seed);
    seed.flush();
  }

  giveBack(seed: WebSeed, piece: PieceIndex, block: BlockIndex): void {
    this.#owner.exchange.giveBack(seed, piece, block);
  }

  onLacks(seed: WebSeed, pieces: readonly PieceIndex[]): void {
    if (!seed.inPicker) return;
    for (const piece of pieces) this.#picker.onPeerDontHave(seed, piece);
    seed.requests.forEach((piece, block) => {
      if (!seed.have.get(piece)) this.giveBack(seed, piece, block);
    });
    this.#tellTrouble(seed);
  }

  lacksAny(from: PieceIndex, to: PieceIndex): boolean {
    return this.#picker.lacksAny(from, to);
  }

  onUnfit(seed: WebSeed): void {
    this.#delivering.delete(seed);
    this.#leave(seed);
    this.#tellTrouble(seed);
  }

  /** Bytes per second of the fastest peer that has everything. */
  #bestPeer(now: Millis): number {
    let best = 0;
    for (const { choked, inPicker, have, pipeline } of this.#owner.connectedPeers)
      if (inPicker && !choked && have.isFull) best = Math.max(best, pipeline.rate(now));
    return best;
  }

  #all(): readonly WebSeed[] {
    if (this.#seeds !== null) return this.#seeds;
    const urls = this.#metainfo.webSeeds.slice(0, MAX_SEEDS);
    this.#seeds = urls.map(
      (url, index) => new WebSeed(this.#context, this, this.#metainfo, SLOT_COUNT + index, url),
    );
    for (const seed of this.#seeds) this.#owner.onNamed(seed);
    return this.#seeds;
  }

  #join(seed: WebSeed, now: Millis): void {
    seed.prepare(now);
    seed.onArena(this.#context.storeFlow.buffer.mustPause);
    this.#picker.addPeer(seed);
    seed.inPicker = true;
    this.inUse.add(seed);
    this.#owner.exchange.reconsiderInterest();
  }

  #leave(seed: WebSeed): void {
    if (!seed.inPicker) return;
    seed.requests.forEach((piece, block) => this.giveBack(seed, piece, block));
    seed.closeAll();
    this.#owner.download.onGone(seed);
    this.#picker.removePeer(seed);
    seed.inPicker = false;
    seed.setInterested(false);
    this.inUse.delete(seed);
  }

  #tellTrouble(seed: WebSeed): void {
    this.#owner.emit({ type: "web-seed", url: seed.shownUrl, ok: false, message: seed.health.lastError });
  }
}

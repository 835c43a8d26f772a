import type { Millis } from "../base/brand.ts";
import type { BandwidthLane, BandwidthTurns } from "../core/bandwidth/bandwidth-turns.ts";
import type { RateLimit } from "../core/bandwidth/rate-limit.ts";
import { BLOCK_SIZE } from "../meta/layout.ts";
import type { BlockSource } from "./block-source.ts";

/**
 * A source owes what comes in so long at the rate that is allowed, but this many blocks in any case: what slow ones don't deliver is lacking to
 * the fast ones.
 */
const OWED_MS: Millis = 2_000;
const MIN_OWED = 2;

/** What the pacing needs of its download. */
interface PacedDownload {
  /** How many blocks the source can be asked for; 0 when it is of no use. */
  roomFor(source: BlockSource, now: Millis): number;
  /** Asks for blocks; returns how many there were to ask for. */
  ask(source: BlockSource, blocks: number, now: Millis): number;
}

/**
 * Keeps a download within its speed limit. Blocks are paid for when peers are asked for them, so that no more is sent than may be. What comes
 * unpaid (it was in flight when a limit was set, or had been withdrawn, or comes from a web server) is paid for when it arrives; who
 * sends more than there is, is not read until it is paid for.
 */
export class DownloadPacing {
  readonly #limit: RateLimit;
  readonly #download: PacedDownload;
  /** Those who are to be asked. */
  readonly #asking: BandwidthLane<BlockSource>;
  /** Those who are not read. */
  readonly #held: BandwidthLane<BlockSource>;

  constructor(turns: BandwidthTurns, limit: RateLimit, download: PacedDownload) {
    this.#limit = limit;
    this.#download = download;
    this.#asking = turns.lane(limit, (source, most, now) => this.#askInTurn(source, most, now));
    this.#held = turns.lane(limit, (source, most, now) => this.#readInTurn(source, most, now));
  }

  /** Bytes per second that the limit lets through, while there is more to get; null when it holds nobody up. */
  get brakedTo(): number | null {
    const rate = this.#limit.lowestRate;
    return rate < Infinity && this.#asking.size + this.#held.size > 0 ? rate : null;
  }

  /** Asks a source that has room now or when it is its turn. */
  enter(source: BlockSource, room: number, now: Millis): void {
    // What comes from a web server is limited where it is read.
    if (source.inRuns || !this.#limit.isLimited) this.#download.ask(source, room, now);
    else this.#asking.enter(source, now);
  }

  /** Nobody is to be asked any more. Who is not read still has to be read some time. */
  stop(): void {
    this.#asking.clear();
  }

  /** A block came. */
  onBlock(source: BlockSource, length: number, now: Millis): void {
    if (source.paid > 0) source.paid--;
    else if (this.#limit.isLimited) this.#onUnpaid(source, length, now);
  }

  /** What was withdrawn or refused in the meantime is not going to come. */
  giveBackUnused(source: BlockSource, now: Millis): void {
    const unused = source.paid - source.requests.length;
    if (unused > 0) this.#pay(source, -unused, now);
  }

  /** Nothing comes from it any more. */
  onGone(source: BlockSource, now: Millis): void {
    this.#pay(source, -source.paid, now);
  }

  #askInTurn(source: BlockSource, mostBytes: number, now: Millis): boolean {
    const room = this.#roomFor(source, now);
    if (room <= 0) return false;
    const count = this.#download.ask(source, Math.min(room, Math.floor(mostBytes / BLOCK_SIZE)), now);
    if (count === 0) return false;
    this.#pay(source, count, now);
    source.flush();
    return this.#roomFor(source, now) > 0;
  }

  #roomFor(source: BlockSource, now: Millis): number {
    const owed = (this.#limit.lowestRate * OWED_MS) / 1_000 / BLOCK_SIZE;
    const free = Math.max(MIN_OWED, Math.ceil(owed)) - source.requests.length;
    return Math.min(free, this.#download.roomFor(source, now));
  }

  #readInTurn(source: BlockSource, mostBytes: number, now: Millis): boolean {
    if (source.inPicker) this.#pay(source, Math.floor(mostBytes / BLOCK_SIZE), now);
    source.setHeld(false);
    return false;
  }

  #onUnpaid(source: BlockSource, length: number, now: Millis): void {
    this.#limit.spend(length, now);
    if (source.isHeld || this.#limit.available(now) >= 0) return;
    source.setHeld(true);
    this.#held.enter(source, now);
  }

  #pay(source: BlockSource, blocks: number, now: Millis): void {
    source.paid += blocks;
    this.#limit.spend(blocks * BLOCK_SIZE, now);
  }
}

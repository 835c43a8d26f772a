import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import { TokenBucket } from "../../base/token-bucket.ts";

/** Between two announces of a torrent (BEP 14), plus some jitter. */
const INTERVAL: Millis = 5 * 60_000;
const JITTER: Millis = 10_000;
/** And when there is a reason for an earlier one. */
const SOONEST: Millis = 60_000;
/** Before the clock began, so that the first announce need not wait. */
const LONG_AGO: Millis = -60_000;
/** Announces lie on a grid: torrents that begin together share a packet. */
const GRID: Millis = 200;
/** When somebody near comes, not all others answer in the same moment. */
const ANSWER_WITHIN: Millis = 2_000;
/** Packets per second, and at once after a pause. With up to 24 names each that is ten thousand torrents in seven minutes. */
const PACKETS_PER_SECOND = 1;
const PACKET_BURST = 4;

/** What the announcer keeps of a torrent. There are thousands: times are whole numbers, which need no memory of their own. */
export class LocalTorrent extends WheelTimer {
  /** The next announce is repeated soon: datagrams get lost, most of all on Wi-Fi. */
  repeat = false;
  /** When it was announced last. */
  lastAt: Millis = LONG_AGO;
}

/**
 * When which torrents are announced to the local network (BEP 14): each every five minutes, earlier when there is a reason, but at most once
 * a minute; the first one is repeated after a minute; several share a packet, and packets keep a distance.
 */
export class LocalAnnouncer<T extends LocalTorrent> {
  readonly #rng: Rng;
  /** Moments of the next announces. */
  readonly #wheel: TimerWheel<T>;
  readonly #packets: TokenBucket;
  /** Wait for a packet, the first longest. */
  readonly #due: Set<T> = new Set();

  constructor(rng: Rng, now: Millis) {
    this.#rng = rng;
    this.#wheel = new TimerWheel((torrent) => void this.#due.add(torrent), now);
    this.#packets = new TokenBucket(PACKETS_PER_SECOND, PACKET_BURST, now);
  }

  /** `gently`: nobody waits, it comes within the first interval. */
  add(torrent: T, gently: boolean, now: Millis): void {
    torrent.repeat = !gently;
    this.#schedule(torrent, now + (gently ? this.#rng.below(INTERVAL) : 0));
  }

  /** There is something new to tell. */
  soon(torrent: T, now: Millis): void {
    this.#hasten(torrent, now);
  }

  /** Somebody near looks for the torrent, and may not know of us. */
  onAsked(torrent: T, now: Millis): void {
    this.#hasten(torrent, now + this.#rng.below(ANSWER_WITHIN));
  }

  remove(torrent: T): void {
    this.#wheel.cancel(torrent);
    this.#due.delete(torrent);
  }

  /** Torrents for one packet: `sizeOf` of them adds up to at most `capacity`, of which each needs less. Null when none may be sent now. */
  next(capacity: number, sizeOf: (torrent: T) => number, now: Millis): T[] | null {
    this.#wheel.advance(now);
    if (this.#due.size === 0 || !this.#packets.take(1, now)) return null;
    const torrents: T[] = [];
    let left = capacity;
    for (const torrent of this.#due) {
      left -= sizeOf(torrent);
      if (left < 0) break;
      torrents.push(torrent);
      this.#due.delete(torrent);
      torrent.lastAt = Math.ceil(now);
      this.#schedule(torrent, now + (torrent.repeat ? SOONEST : INTERVAL) + this.#rng.below(JITTER));
      torrent.repeat = false;
    }
    return torrents;
  }

  /** When `next` has something to give at the earliest; Infinity without torrents. */
  nextDeadline(now: Millis): Millis {
    return this.#due.size > 0 ? this.#packets.readyAt(1, now) : this.#wheel.nextDeadline();
  }

  #hasten(torrent: T, at: Millis): void {
    const earliest = onGrid(Math.max(at, torrent.lastAt + SOONEST));
    if (this.#wheel.dueAt(torrent) > earliest) this.#schedule(torrent, earliest);
  }

  #schedule(torrent: T, at: Millis): void {
    this.#wheel.schedule(onGrid(at), torrent);
  }
}

function onGrid(at: Millis): Millis {
  return Math.ceil(at / GRID) * GRID;
}

import type { Millis } from "../../base/brand.ts";
import type { RateLimit } from "./rate-limit.ts";

/** One turn lasts about so long at the rate that is allowed, within these bounds. */
const TURN_MS: Millis = 10;
const MIN_TURN = 16 * 1024;
const MAX_TURN = 256 * 1024;

/**
 * Serves one who waits with at most `mostBytes`, which are there, and spends what it uses. True while it wants more and was served;
 * what serves nobody must return false.
 */
type Serve<T> = (waiting: T, mostBytes: number, now: Millis) => boolean;

/** What the turns know of a lane. */
interface Lane {
  readonly size: number;
  readyAt(now: Millis): Millis;
  serveNext(now: Millis): void;
}

/** Those who wait for bandwidth under one limit, in the order of their turns. */
export class BandwidthLane<T> implements Lane {
  readonly limit: RateLimit;
  readonly #turns: BandwidthTurns;
  readonly #serve: Serve<T>;
  readonly #waiting: Set<T> = new Set();

  /** See `BandwidthTurns.lane`. */
  constructor(turns: BandwidthTurns, limit: RateLimit, serve: Serve<T>) {
    this.#turns = turns;
    this.limit = limit;
    this.#serve = serve;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** It wants bandwidth: gets it now or when it is its turn. */
  enter(who: T, now: Millis): void {
    if (this.#waiting.has(who)) return;
    this.#waiting.add(who);
    this.#turns.onEntered(this, now);
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** When the next one can have a turn, if nobody else takes what there is. */
  readyAt(now: Millis): Millis {
    return this.limit.readyAt(this.#turnBytes, now);
  }

  /** For the turns: serves who waits the longest. */
  serveNext(now: Millis): void {
    for (const who of this.#waiting) {
      this.#waiting.delete(who);
      const most = Math.max(MIN_TURN, Math.min(this.#turnBytes, this.limit.available(now)));
      if (this.#serve(who, most, now)) this.#waiting.add(who);
      return;
    }
  }

  get #turnBytes(): number {
    return Math.min(MAX_TURN, Math.max(MIN_TURN, (this.limit.lowestRate * TURN_MS) / 1_000));
  }
}

/**
 * Who gets bandwidth next, in one direction of a session: lanes take turns, and so do those who wait in a lane. A lane whose own limit is
 * used up is passed over and takes nothing from the others.
 */
export class BandwidthTurns {
  readonly #lanes: Set<Lane> = new Set();
  readonly #onDeadline: () => void;
  #isRunning = false;
  #nextAt: Millis = Infinity;

  /** `onDeadline`: `nextDeadline` is earlier than it was. */
  constructor(onDeadline: () => void) {
    this.#onDeadline = onDeadline;
  }

  /** Makes a lane under a limit. */
  lane<T>(limit: RateLimit, serve: Serve<T>): BandwidthLane<T> {
    return new BandwidthLane(this, limit, serve);
  }

  /** When `run` has something to do; Infinity when nobody waits. */
  get nextDeadline(): Millis {
    return this.#nextAt;
  }

  /** For lanes: somebody waits. */
  onEntered(lane: Lane, now: Millis): void {
    this.#lanes.add(lane);
    if (this.#isRunning) return;
    const readyAt = lane.readyAt(now);
    if (readyAt <= now) this.run(now);
    else if (readyAt < this.#nextAt) {
      this.#nextAt = readyAt;
      this.#onDeadline();
    }
  }

  /** Serves everybody for whom there is enough. To be called at `nextDeadline`, and when a limit has changed. */
  run(now: Millis): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    let next = Infinity;
    try {
      // Who is put in again behind the others is visited again by the same loop, until there is not enough.
      for (const lane of this.#lanes) {
        const readyAt = lane.size === 0 ? Infinity : lane.readyAt(now);
        if (readyAt <= now) {
          this.#lanes.delete(lane);
          lane.serveNext(now);
          if (lane.size > 0) this.#lanes.add(lane);
        } else if (lane.size === 0) {
          this.#lanes.delete(lane);
        } else {
          next = Math.min(next, readyAt);
        }
      }
    } finally {
      this.#isRunning = false;
      this.#nextAt = next;
    }
    this.#onDeadline();
  }
}

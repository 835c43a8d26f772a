import type { Millis } from "../../base/brand.ts";
import { RateMeter } from "../../base/rate-meter.ts";
import { BLOCK_SIZE } from "../../meta/layout.ts";
import { LatencyMeter } from "./latency.ts";

/** Requests sent to a peer of which nothing is known: two round trips from full speed, and no long wait at a slow one. */
const INITIAL_TARGET = 16;
const MIN_TARGET = 4;
const MAX_TARGET = 2_000;
/** What clients accept that don't say (BEP 10 has no default; the most common client's is 250). */
const DEFAULT_REQQ = 250;
/** The queue holds what the peer delivers in its latency and so much more: covers a hiccup on either side. */
const QUEUE_MS = 2_000;
/** A round trip is not believed to be longer: the peer is slow then, and a longer queue would not make it faster. */
const MAX_LATENCY: Millis = 2_000;
const RATE_WINDOW: Millis = 1_000;
/** Growth per round trip once the target is near its goal. */
const ADDITIVE = 16;
/** The target shrinks by half at most once in this time. */
const SHRINK_INTERVAL: Millis = 1_000;

/**
 * How many blocks should be under request from one peer, so that its link never idles: rate x (latency + 2 s). Every block
 * that arrives raises the target by one, which doubles it per round trip, as long as the goal is far above; then it grows
 * slowly, and it shrinks slowly when the peer gets slower.
 */
export class RequestPipeline {
  readonly latency: LatencyMeter = new LatencyMeter();
  readonly #rate: RateMeter = new RateMeter(RATE_WINDOW);
  #target = INITIAL_TARGET;
  #reqq: number | null = null;
  #budget: number;
  #snubbed = false;
  #shrinkAt: Millis = -1;

  /** Bytes per second that the peer delivers, over the last second. */
  rate(now: Millis): number {
    return this.#rate.rate(now);
  }

  /** All bytes delivered. */
  get total(): number {
    return this.#rate.total;
  }

  get isSnubbed(): boolean {
    return this.#snubbed;
  }

  /** `budget`: requests that we want to have outstanding at most. */
  constructor(budget: number = MAX_TARGET) {
    this.#budget = budget;
  }

  setBudget(budget: number): void {
    this.#budget = budget;
  }

  /** What the peer accepts (BEP 10). */
  setReqq(reqq: number): void {
    this.#reqq = reqq;
  }

  /** A block arrived that was asked for `latencyMs` ago; null when that is not known (answer to a withdrawn request). */
  onBlock(bytes: number, now: Millis, latencyMs: number | null): void {
    this.#snubbed = false;
    this.#rate.add(bytes, now);
    if (latencyMs !== null) this.latency.add(latencyMs);
    const goal = this.#goal(now);
    if (goal > this.#target) {
      const step = goal >= 2 * this.#target ? 1 : Math.min(1, ADDITIVE / this.#target);
      this.#target = Math.min(MAX_TARGET, this.#target + step);
      this.#shrinkAt = now + SHRINK_INTERVAL;
    } else if (this.#shrinkAt < 0) {
      // The rate of the first moments says little.
      this.#shrinkAt = now + SHRINK_INTERVAL;
    } else if (now >= this.#shrinkAt) {
      this.#target = Math.max(goal, this.#target / 2);
      this.#shrinkAt = now + SHRINK_INTERVAL;
    }
  }

  /** Requests timed out: one at a time until a block arrives. */
  onTimeout(): void {
    this.#snubbed = true;
    this.#target = Math.max(MIN_TARGET, this.#target / 2);
  }

  /** Blocks that should be under request now. */
  get target(): number {
    if (this.#snubbed) return 1;
    const limit = Math.max(1, Math.min(this.#reqq ?? DEFAULT_REQQ, this.#budget));
    return Math.min(limit, Math.floor(this.#target));
  }

  /**
   * How many blocks to request now, in one batch; 0 while at least three quarters of the target are outstanding.
   */
  refill(outstanding: number): number {
    const target = this.target;
    if (outstanding * 4 >= target * 3 && outstanding > 0) return 0;
    return Math.max(0, target - outstanding);
  }

  #goal(now: Millis): number {
    const queueMs = Math.min(MAX_LATENCY, this.latency.min) + QUEUE_MS;
    return Math.max(MIN_TARGET, Math.ceil((this.#rate.rate(now) * queueMs) / 1_000 / BLOCK_SIZE));
  }
}

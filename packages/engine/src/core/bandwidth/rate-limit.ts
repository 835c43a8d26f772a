import type { Millis } from "../../base/brand.ts";
import { TokenBucket } from "../../base/token-bucket.ts";

/** So much of a time without use may be made up for: longer than a timer is late on a busy machine. */
const BURST_MS: Millis = 200;
/** One block fits whatever the rate is. */
const MIN_BURST = 16 * 1024;

/**
 * A limit in bytes per second that stands below another one: what is spent here is spent there as well. Begins without a rate.
 * What is known afterwards only may be spent unasked; that is a debt, paid off before anything else.
 */
export class RateLimit {
  #parent: RateLimit | null;
  #bucket: TokenBucket | null = null;
  #rate: number | null = null;

  constructor(parent: RateLimit | null = null) {
    this.#parent = parent;
  }

  /** Bytes per second of this limit alone; null for none. */
  get rate(): number | null {
    return this.#rate;
  }

  /** Bytes per second that can be had here; Infinity when there is no limit. */
  get lowestRate(): number {
    return Math.min(this.#rate ?? Infinity, this.#parent?.lowestRate ?? Infinity);
  }

  /** Here or above. */
  get isLimited(): boolean {
    return this.#bucket !== null || (this.#parent !== null && this.#parent.isLimited);
  }

  /** Which limit holds besides this one; null for none. */
  setParent(parent: RateLimit | null): void {
    this.#parent = parent;
  }

  /** Bytes per second, above 0; null for no limit. A new limit begins with nothing: setting it again and again gives nothing away. */
  setRate(rate: number | null, now: Millis): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    if (rate === null) {
      this.#bucket = null;
    } else if (this.#bucket !== null) {
      this.#bucket.setRate(rate, burstOf(rate), now);
    } else {
      this.#bucket = new TokenBucket(rate, burstOf(rate), now);
      this.#bucket.spend(burstOf(rate), now);
    }
  }

  /** Bytes to be had now; negative in debt, Infinity without a limit. */
  available(now: Millis): number {
    const here = this.#bucket?.available(now) ?? Infinity;
    return this.#parent === null ? here : Math.min(here, this.#parent.available(now));
  }

  /** Takes bytes, there or not; negative ones are given back. */
  spend(bytes: number, now: Millis): void {
    this.#bucket?.spend(bytes, now);
    this.#parent?.spend(bytes, now);
  }

  /** When `bytes` will be there, or the most that can be saved up, if nobody else takes any; `now` at once. */
  readyAt(bytes: number, now: Millis): Millis {
    const above = this.#parent?.readyAt(bytes, now) ?? now;
    if (this.#bucket === null) return above;
    return Math.max(above, this.#bucket.readyAt(Math.min(bytes, burstOf(this.#rate!)), now));
  }
}

function burstOf(rate: number): number {
  return Math.max(MIN_BURST, (rate * BURST_MS) / 1_000);
}

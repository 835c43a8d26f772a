import type { Millis } from "./brand.ts";

/** Sums of fractions end a little below a whole token: without this, `readyAt` could say "now" while `take` refuses. */
const ROUNDING = 1e-6;

/**
 * Tokens that come at a steady rate, up to a burst. `spend` may go into debt, which is paid off before `take` succeeds again:
 * that is how things whose size is known only afterwards are counted. Starts full.
 */
export class TokenBucket {
  #perMs: number;
  #burst: number;
  #tokens: number;
  #at: Millis;

  /** `rate` in tokens per second; Infinity for no limit. */
  constructor(rate: number, burst: number, now: Millis) {
    this.#perMs = rate / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Changes rate and burst; tokens above the new burst are lost. */
  setRate(rate: number, burst: number, now: Millis): void {
    this.#refill(now);
    this.#perMs = rate / 1_000;
    this.#burst = burst;
    this.#tokens = Math.min(this.#tokens, burst);
  }

  /** Tokens there are; negative when in debt. */
  available(now: Millis): number {
    this.#refill(now);
    return this.#tokens;
  }

  /** Takes `count` tokens if there are that many. */
  take(count: number, now: Millis): boolean {
    this.#refill(now);
    if (this.#tokens < count - ROUNDING) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes `count` tokens, there or not; a negative number gives them back, up to the burst. */
  spend(count: number, now: Millis): void {
    this.#refill(now);
    this.#tokens = Math.min(this.#burst, this.#tokens - count);
  }

  /** When `take(count)` will succeed if nobody else takes any: `now` at once, Infinity for more than the burst. */
  readyAt(count: number, now: Millis): Millis {
    this.#refill(now);
    if (this.#tokens >= count - ROUNDING) return now;
    if (count > this.#burst || this.#perMs === 0) return Infinity;
    return now + (count - this.#tokens) / this.#perMs;
  }

  #refill(now: Millis): void {
    // A clock that stood still or went back brings nothing.
    if (now <= this.#at) return;
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}

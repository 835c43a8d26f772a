import type { Millis } from "../../base/brand.ts";

/** Tells from a router's count of seconds that it has lost its mappings (RFC 6886, 3.6; RFC 6887, 8.5). */
export class RouterEpoch {
  #seconds = 0;
  #at: Millis = Number.NEGATIVE_INFINITY;

  /** True when the router has begun anew since the last call. */
  onAnswer(seconds: number, now: Millis): boolean {
    const elapsed = (now - this.#at) / 1000;
    const isFirst = this.#at === Number.NEGATIVE_INFINITY;
    // Its clock may run slower than ours by an eighth, and two seconds are lost in rounding.
    const isReset = !isFirst && seconds + 2 < this.#seconds + (elapsed * 7) / 8;
    this.#seconds = seconds;
    this.#at = now;
    return isReset;
  }
}

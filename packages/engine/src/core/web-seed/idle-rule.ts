import type { Millis } from "../../base/brand.ts";

/** How much faster a peer has to be, and over what time it is compared. */
const FACTOR = 10;
const WINDOW: Millis = 30_000;
/** The same once a server is left out: nobody shall wait for long when the peer has gone. */
const IDLE_WINDOW: Millis = 3_000;

/**
 * When a web server is left out though it works: while a peer that has everything delivers ten times as fast. What it would add is not
 * worth its owner's money. When there is no such peer any more it is asked again.
 */
export class IdleRule {
  /** Bytes a second when it was left out; -1 while it is not. */
  #idleRate = -1;
  #windowAt: Millis = -Infinity;
  #totalAt = 0;
  #tickAt: Millis = 0;
  /** What the fastest peer delivered in this window. */
  #bestBytes = 0;

  get isIdle(): boolean {
    return this.#idleRate >= 0;
  }

  /** `total`: all bytes of the web seed; `best`: bytes a second of the fastest peer that has everything. */
  onTick(total: number, best: number, now: Millis): void {
    const since = now - this.#windowAt;
    // Nobody looked for a while: nothing was under way.
    if (now - this.#tickAt > IDLE_WINDOW || since > 2 * WINDOW) this.#begin(total, now);
    else this.#bestBytes += (best * (now - this.#tickAt)) / 1000;
    this.#tickAt = now;
    if (now - this.#windowAt < (this.isIdle ? IDLE_WINDOW : WINDOW)) return;
    const rate = this.isIdle ? this.#idleRate : ((total - this.#totalAt) / since) * 1000;
    const isFarFaster = this.#bestBytes > 0 && (this.#bestBytes / since) * 1000 >= FACTOR * rate;
    this.#idleRate = isFarFaster ? rate : -1;
    this.#begin(total, now);
  }

  #begin(total: number, now: Millis): void {
    this.#windowAt = now;
    this.#totalAt = total;
    this.#bestBytes = 0;
  }
}

import { BandwidthTurns } from "../core/bandwidth/bandwidth-turns.ts";
import { RateLimit } from "../core/bandwidth/rate-limit.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/** Bytes per second; null for no limit. */
export interface SpeedLimits {
  readonly down: number | null;
  readonly up: number | null;
}

/** One direction of a session: its limit, and the turns of those who wait for it. */
export class BandwidthWay {
  readonly limit: RateLimit = new RateLimit();
  readonly turns: BandwidthTurns;
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #at = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.turns = new BandwidthTurns(() => this.#setTimer());
  }

  setRate(rate: number | null): void {
    const now = this.#clock.now();
    this.limit.setRate(rate, now);
    this.turns.run(now);
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** There is no timer while nobody waits. */
  #setTimer(): void {
    const at = this.turns.nextDeadline;
    if (at === this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer =
      at === Infinity
        ? null
        : this.#clock.setTimer(Math.max(0, at - this.#clock.now()), () => {
            this.#at = Infinity;
            this.turns.run(this.#clock.now());
          });
  }
}

/** The bandwidth that all torrents of a session share. */
export class Bandwidth {
  readonly down: BandwidthWay;
  readonly up: BandwidthWay;

  constructor(clock: Clock) {
    this.down = new BandwidthWay(clock);
    this.up = new BandwidthWay(clock);
  }

  close(): void {
    this.down.close();
    this.up.close();
  }
}

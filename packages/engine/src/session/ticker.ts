import type { Millis } from "../base/brand.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/** Between two ticks while something goes on. */
export const TICK_MS: Millis = 250;
/** What is to be done at once waits so long after the last tick: strangers must not decide how often everything is looked at. */
const SOON_MS: Millis = 20;

/** The one timer by which a session looks after what goes on. It rings once for each call, or once for several. */
export class Ticker {
  readonly #clock: Clock;
  readonly #onTick: (now: Millis) => void;
  #timer: Timer | null = null;
  #at: Millis = Infinity;
  #lastAt: Millis = -Infinity;
  #closed = false;

  constructor(clock: Clock, onTick: (now: Millis) => void) {
    this.#clock = clock;
    this.#onTick = onTick;
  }

  /** There is something to look after. */
  wake(): void {
    this.#ringAt(this.#clock.now() + TICK_MS);
  }

  /** There is something to do now. */
  soon(): void {
    this.#ringAt(Math.max(this.#clock.now(), this.#lastAt + SOON_MS));
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #ringAt(at: Millis): void {
    if (this.#closed || at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = this.#clock.setTimer(at - this.#clock.now(), () => {
      this.#at = Infinity;
      this.#lastAt = this.#clock.now();
      this.#onTick(this.#lastAt);
    });
  }
}

import type { Millis } from "../base/brand.ts";
import { TimerWheel, type WheelTimer } from "../base/timer-wheel.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/** Any number of alarms on one timer of the clock, and none at all while no alarm is set. */
export class Alarms<T extends WheelTimer> {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel<T>;
  #timer: Timer | null = null;
  #timerAt: Millis = Infinity;

  /** `ring` gets each item when it is due; it may set and cancel alarms. */
  constructor(clock: Clock, ring: (item: T, now: Millis) => void) {
    this.#clock = clock;
    this.#wheel = new TimerWheel(ring, clock.now());
  }

  /** Rings once for `item` at `at`, which must be finite, or a few milliseconds later, and no more when it was to ring before. */
  set(at: Millis, item: T): void {
    this.#wheel.schedule(at, item);
    this.#arm();
  }

  /** False when there is none set for `item`. */
  cancel(item: T): boolean {
    const cancelled = this.#wheel.cancel(item);
    // A timer that is early now costs one look at the wheel; one for nothing at all would keep the process awake.
    if (this.#wheel.size === 0) this.#disarm();
    return cancelled;
  }

  #arm(): void {
    const at = this.#wheel.nextDeadline();
    if (at >= this.#timerAt) return;
    this.#disarm();
    if (at === Infinity) return;
    this.#timerAt = at;
    this.#timer = this.#clock.setTimer(Math.max(0, at - this.#clock.now()), () => {
      this.#timer = null;
      this.#timerAt = Infinity;
      this.#wheel.advance(this.#clock.now());
      this.#arm();
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerAt = Infinity;
  }
}

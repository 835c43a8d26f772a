import type { Millis } from "../base/brand.ts";
import { TimerWheel, type WheelTimer } from "../base/timer-wheel.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/** One alarm that is set; pass it to `cancel`. */
export type Alarm<T> = WheelTimer<T>;

/** Any number of alarms on one timer of the clock, and none at all while no alarm is set. */
export class Alarms<T> {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel<T>;
  #timer: Timer | null = null;
  #timerAt: Millis = Infinity;

  /** `ring` gets each item when it is due; it may set and cancel alarms. */
  constructor(clock: Clock, ring: (item: T, now: Millis) => void) {
    this.#clock = clock;
    this.#wheel = new TimerWheel(ring, clock.now());
  }

  /** Rings once for `item` at `at`, which must be finite, or a few milliseconds later. */
  set(at: Millis, item: T): Alarm<T> {
    const alarm = this.#wheel.schedule(at, item);
    this.#arm();
    return alarm;
  }

  /** False when it has rung or was cancelled before. */
  cancel(alarm: Alarm<T>): boolean {
    const cancelled = this.#wheel.cancel(alarm);
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

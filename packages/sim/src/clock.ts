import type { Clock, Millis, Timer } from "@shoal/engine/composition";
import type { EventQueue, QueuedEvent } from "./event-queue.ts";

const EPOCH = 1_700_000_000_000;
/** Sums of fractions are not exact: a timer this close to its time is due. */
const TOLERANCE: Millis = 1e-6;

/**
 * The clock of one host. Its wall time can be set by somebody; while the host sleeps no timer goes off, and the monotonic
 * time goes on or stands still, as it does on one system or the other.
 */
export class SimulatedClock implements Clock {
  readonly #queue: EventQueue;
  readonly #onInput: () => void;
  /** Timers that are set. */
  readonly #alarms: Set<Alarm> = new Set();
  /** Timers that came due during the sleep. */
  readonly #held: Alarm[] = [];
  #offset: Millis = 0;
  #wallOffset: Millis = 0;
  #asleepAt: Millis | null = null;
  #stopped = false;

  /** `onInput` is called after each timer. */
  constructor(queue: EventQueue, onInput: () => void) {
    this.#queue = queue;
    this.#onInput = onInput;
  }

  now(): Millis {
    return (this.#asleepAt ?? this.#queue.now) + this.#offset;
  }

  wallTime(): number {
    return EPOCH + this.#queue.now + this.#wallOffset;
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#alarms.size;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const alarm = new Alarm(this, this.now() + Math.max(0, delayMs), callback);
    if (!this.#stopped) {
      this.#alarms.add(alarm);
      this.#queue.add(alarm, alarm.due - this.#offset);
    }
    return alarm;
  }

  /** Somebody sets the wall time, forwards or backwards. */
  setWall(byMs: Millis): void {
    this.#wallOffset += byMs;
  }

  sleep(): void {
    this.#asleepAt ??= this.#queue.now;
  }

  /** `counted`: the monotonic time went on during the sleep. */
  wake(counted: boolean): void {
    if (this.#asleepAt === null) return;
    if (!counted) this.#offset -= this.#queue.now - this.#asleepAt;
    this.#asleepAt = null;
    for (const alarm of this.#held.splice(0)) this.#queue.add(alarm, alarm.due - this.#offset);
  }

  /** The process has been killed: nothing happens any more. */
  stop(): void {
    this.#stopped = true;
    this.#alarms.clear();
  }

  /** For alarms. */
  cancel(alarm: Alarm): void {
    this.#alarms.delete(alarm);
  }

  /** For alarms: the time has come, unless the clock was stopped or put back meanwhile. */
  ring(alarm: Alarm): void {
    if (!this.#alarms.has(alarm)) return;
    if (this.#asleepAt !== null) {
      this.#held.push(alarm);
    } else if (this.now() < alarm.due - TOLERANCE) {
      this.#queue.add(alarm, alarm.due - this.#offset);
    } else {
      this.#alarms.delete(alarm);
      alarm.callback();
      this.#onInput();
    }
  }
}

class Alarm implements QueuedEvent, Timer {
  at: Millis = 0;
  order = 0;
  /** By the clock of the host. */
  readonly due: Millis;
  readonly callback: () => void;
  readonly #clock: SimulatedClock;

  constructor(clock: SimulatedClock, due: Millis, callback: () => void) {
    this.#clock = clock;
    this.due = due;
    this.callback = callback;
  }

  cancel(): void {
    this.#clock.cancel(this);
  }

  happen(): void {
    this.#clock.ring(this);
  }
}

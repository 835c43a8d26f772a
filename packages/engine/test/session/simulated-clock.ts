import type { Clock, Timer } from "../../dist/ports/clock.js";

const EPOCH = 1_700_000_000_000;

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that stands still until it is told to go on. */
export class SimulatedClock implements Clock {
  #now = 1_000;
  #order = 0;
  readonly #alarms: Set<Alarm> = new Set();

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return EPOCH + this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const alarm = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#alarms.size;
  }

  /** When the next timer is due; Infinity when none is set. */
  get next(): number {
    return this.#first()?.at ?? Infinity;
  }

  /** Runs the next timer that is due by `until`; false, and the time is `until`, when there is none. */
  step(until: number): boolean {
    const alarm = this.#first();
    if (alarm === null || alarm.at > until) {
      this.#now = Math.max(this.#now, until);
      return false;
    }
    this.#alarms.delete(alarm);
    this.#now = Math.max(this.#now, alarm.at);
    alarm.callback();
    return true;
  }

  #first(): Alarm | null {
    let first: Alarm | null = null;
    for (const alarm of this.#alarms) {
      if (first === null || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order))
        first = alarm;
    }
    return first;
  }
}

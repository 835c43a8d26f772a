import type { Millis } from "./brand.ts";

const LEVELS = 6;
const SLOTS = 64;
/** Ticks that one slot of each level covers; the last entry is what the whole wheel covers. */
const TICKS: readonly number[] = Array.from({ length: LEVELS + 1 }, (_, level) => SLOTS ** level);
/** List of timers beyond the whole wheel (years), behind the slots of all levels. */
const BEYOND = LEVELS * SLOTS;
/** Places of a timer that is in no slot. */
const NOT_PENDING = -1;
const FIRING = -2;

/** What a wheel can hold, once and in one wheel: extend it. Ten thousand things that wait need no further objects for that. */
export class WheelTimer {
  /** Tick in which it is due, or was due last. */
  tick: number = 0;
  slot: number = NOT_PENDING;
  next: WheelTimer | null = null;
  previous: WheelTimer | null = null;
}

/**
 * Hierarchical timer wheel: scheduling and cancelling are O(1), however many timers there are. Time is an argument. Nothing
 * fires before it is due; it fires with the first `advance` after that, earlier ticks first.
 *
 * A timer lies in the level of the highest base-64 digit in which its tick differs from the current tick, so all timers
 * of a level are due before those of the levels above.
 */
export class TimerWheel<T extends WheelTimer> {
  readonly #tickMs: number;
  readonly #fire: (timer: T, now: Millis) => void;
  readonly #heads: (WheelTimer | null)[] = new Array<WheelTimer | null>(BEYOND + 1).fill(null);
  /** Timers that are due and have not fired yet, from `#firedUpTo` on. */
  #due: WheelTimer[] = [];
  #firedUpTo = 0;
  #size = 0;
  #tick: number;
  /** Earliest tick in the slots; -1 when it has to be looked for. */
  #earliest = -1;

  /** `fire` gets each timer when it is due; it may schedule and cancel, but not advance. */
  constructor(fire: (timer: T, now: Millis) => void, now: Millis = 0, tickMs = 4) {
    this.#fire = fire;
    this.#tickMs = tickMs;
    this.#tick = Math.floor(now / tickMs);
  }

  /** Pending timers. */
  get size(): number {
    return this.#size;
  }

  /**
   * Fires `timer` once, at `at` or less than a tick later, and not when it was due before; what is due already fires with the next
   * `advance`. `at` must be finite.
   */
  schedule(at: Millis, timer: T): void {
    if (!Number.isFinite(at)) throw new RangeError(`timer at ${at}`);
    this.cancel(timer);
    timer.tick = Math.max(this.#tick + 1, Math.ceil(at / this.#tickMs));
    this.#link(timer);
    this.#size++;
    if (this.#earliest >= 0 && timer.tick < this.#earliest) this.#earliest = timer.tick;
  }

  /** When the timer is due, or was due last, rounded up to a tick. */
  dueAt(timer: T): Millis {
    return timer.tick * this.#tickMs;
  }

  /** False when the timer is not pending: it has fired, or was cancelled before. */
  cancel(timer: T): boolean {
    if (timer.slot === NOT_PENDING) return false;
    if (timer.slot !== FIRING) this.#unlink(timer);
    timer.slot = NOT_PENDING;
    this.#size--;
    if (timer.tick === this.#earliest) this.#earliest = -1;
    return true;
  }

  /** Fires everything due at `now`. What is scheduled meanwhile fires with a later call. */
  advance(now: Millis): void {
    const target = Math.floor(now / this.#tickMs);
    if (target > this.#tick) this.#collect(target);
    while (this.#firedUpTo < this.#due.length) {
      const timer = this.#due[this.#firedUpTo++]!;
      if (timer.slot !== FIRING) continue;
      timer.slot = NOT_PENDING;
      this.#size--;
      this.#fire(timer as T, now);
    }
    if (this.#due.length > 0) this.#due = [];
    this.#firedUpTo = 0;
  }

  /** When the earliest timer is due, rounded up to a tick; Infinity when there is none. */
  nextDeadline(): Millis {
    if (this.#firedUpTo < this.#due.length) return this.#tick * this.#tickMs;
    return this.#nextTick() * this.#tickMs;
  }

  /** Moves what is due up to `target` from the slots to `#due`. */
  #collect(target: number): void {
    for (let tick = this.#nextTick(); tick <= target; tick = this.#nextTick()) {
      this.#moveTo(tick);
      this.#earliest = -1;
    }
    this.#moveTo(target);
  }

  /** Makes `tick` the current one: timers that share more digits with it than before go down to lower levels. */
  #moveTo(tick: number): void {
    const before = this.#tick;
    this.#tick = tick;
    for (let level = LEVELS; level >= 0; level--) {
      const unit = TICKS[level]!;
      if (Math.floor(before / unit) === Math.floor(tick / unit)) continue;
      this.#relink(level === LEVELS ? BEYOND : level * SLOTS + (Math.floor(tick / unit) % SLOTS));
    }
  }

  /** Empties a slot and places its timers anew; those due now become due. */
  #relink(slot: number): void {
    let timer = this.#heads[slot]!;
    this.#heads[slot] = null;
    while (timer !== null) {
      const next = timer.next;
      if (timer.tick === this.#tick) {
        timer.slot = FIRING;
        timer.next = null;
        timer.previous = null;
        this.#due.push(timer);
      } else {
        this.#link(timer);
      }
      timer = next!;
    }
  }

  #link(timer: WheelTimer): void {
    const tick = this.#tick;
    let level = 0;
    while (
      level < LEVELS &&
      Math.floor(timer.tick / TICKS[level + 1]!) !== Math.floor(tick / TICKS[level + 1]!)
    ) {
      level++;
    }
    const slot = level === LEVELS ? BEYOND : level * SLOTS + (Math.floor(timer.tick / TICKS[level]!) % SLOTS);
    const head = this.#heads[slot]!;
    timer.slot = slot;
    timer.previous = null;
    timer.next = head;
    if (head !== null) head.previous = timer;
    this.#heads[slot] = timer;
  }

  #unlink(timer: WheelTimer): void {
    if (timer.previous === null) this.#heads[timer.slot] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== null) timer.next.previous = timer.previous;
    timer.next = null;
    timer.previous = null;
  }

  #nextTick(): number {
    if (this.#earliest < 0) this.#earliest = this.#findEarliest();
    return this.#earliest;
  }

  #findEarliest(): number {
    // Slots are never occupied at or before the current digit, so the first occupied one is the earliest of its level.
    let earliest = Infinity;
    for (let slot = 0; slot <= BEYOND && earliest === Infinity; slot++) {
      for (let timer = this.#heads[slot]!; timer !== null; timer = timer.next!) {
        if (timer.tick < earliest) earliest = timer.tick;
      }
    }
    return earliest;
  }
}

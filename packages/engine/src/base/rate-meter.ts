import type { Millis } from "./brand.ts";

const SLOTS = 16;
/** What a meter has that never counted anything: most connections stay that way. */
const NOTHING = new Float64Array(SLOTS);

/**
 * Bytes per second over a sliding window, kept in 16 counters. After a pause longer than the window it starts anew, so that
 * a burst after silence is measured over the burst and not over the silence.
 */
export class RateMeter {
  /** All bytes ever added. */
  total = 0;
  readonly #slotMs: number;
  #bytes: Float64Array = NOTHING;
  /** Number of the newest slot, counted from time 0. */
  #newest = -SLOTS;
  /** Number of the slot in which the measuring began. */
  #oldest = -SLOTS;
  #sum = 0;

  constructor(windowMs = 2_000) {
    this.#slotMs = windowMs / SLOTS;
  }

  add(bytes: number, now: Millis): void {
    if (this.#bytes === NOTHING) this.#bytes = new Float64Array(SLOTS);
    const slot = Math.floor(now / this.#slotMs);
    if (slot >= this.#newest + SLOTS) this.#oldest = slot;
    this.#advance(slot);
    this.total += bytes;
    this.#sum += bytes;
    // A clock that went back (it should not) counts in the newest slot.
    this.#bytes[this.#newest & (SLOTS - 1)]! += bytes;
  }

  /** Bytes per second. */
  rate(now: Millis): number {
    const slot = Math.floor(now / this.#slotMs);
    this.#advance(slot);
    if (this.#sum === 0) return 0;
    const first = Math.max(this.#oldest, this.#newest - SLOTS + 1);
    // The newest slot is under way: only its past part counts, and never less than one slot in all.
    const spanMs = Math.max(this.#slotMs, now - first * this.#slotMs);
    return (this.#sum * 1_000) / spanMs;
  }

  /** Forgets the window, not the total. */
  reset(): void {
    this.#bytes.fill(0);
    this.#sum = 0;
    this.#newest = -SLOTS;
    this.#oldest = -SLOTS;
  }

  #advance(slot: number): void {
    if (slot <= this.#newest) return;
    const steps = Math.min(SLOTS, slot - this.#newest);
    for (let i = 1; i <= steps; i++) {
      const at = (this.#newest + i) & (SLOTS - 1);
      this.#sum -= this.#bytes[at]!;
      this.#bytes[at] = 0;
    }
    if (steps === SLOTS) this.#sum = 0;
    this.#newest = slot;
  }
}

import type { Millis } from "../base/brand.ts";

export interface Timer {
  cancel(): void;
}

/** Time as the engine sees it; the simulator supplies a virtual one. */
export interface Clock {
  /** Monotonic milliseconds, with a fraction. */
  now(): Millis;
  /** Milliseconds since the Unix epoch; for persistence and display only. */
  wallTime(): number;
  /** Calls `callback` once, `delayMs` from now at the earliest. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

import { performance } from "node:perf_hooks";
import type { Clock } from "../ports/clock.ts";

/** Longest delay that Node's timers take; a longer one would fire at once. */
const MAX_DELAY_MS = 2_147_483_647;

/** Monotonic time and timers of the process. A pending timer keeps the process alive. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), MAX_DELAY_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};

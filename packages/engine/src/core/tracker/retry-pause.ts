import type { Millis } from "../../base/brand.ts";

const FIRST: Millis = 30_000;
const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;
/** Failures in a row, over most of a day, after which a tracker is taken for dead. */
const DEAD_AFTER = 24;

/**
 * How long a tracker is left alone after so many failures in a row: 30 seconds, doubling to an hour; one that has been silent for most of a day
 * is asked once a day, so that thousands of torrents whose trackers are gone cost next to nothing.
 */
export function retryPause(fails: number): Millis {
  return fails >= DEAD_AFTER ? DAY : Math.min(FIRST * 2 ** Math.min(fails - 1, 20), HOUR);
}

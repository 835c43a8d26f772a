import type { Millis } from "../../base/brand.ts";
import type { AnnounceEvent, SwarmCounts } from "../../wire/announce.ts";

/**
 * - `idle`: was not asked yet.
 * - `asking`: an announce is under way.
 * - `ok`: answered the last one.
 * - `failed`: refused or did not answer.
 * - `never`: asked not to be asked again (BEP 31).
 */
export type TrackerState = "idle" | "asking" | "ok" | "failed" | "never";

/** What is known of a tracker of one info-hash. Of ten thousand torrents each has some of these: no field without need. */
export interface Tracker extends SwarmCounts {
  readonly url: string;
  /** Trackers with a lower one are asked before. */
  readonly tier: number;
  /** Failures since the last answer. */
  fails: number;
  /** Not asked before this time, unless an event has to be told. Whole milliseconds. */
  notBefore: Millis;
  /** The event under way; undefined when no announce is. */
  underWay: AnnounceEvent | null | undefined;
  /** It knows us: it answered to "started". */
  started: boolean;
  /** It asked never to be asked again (BEP 31). */
  dead: boolean;
  trackerId: string | null;
  /** Why the last announce failed, or a warning; unchecked text. */
  message: string | null;
  /** It has answered, and would have none of it. */
  refused: boolean;
  /** Peers in the last answer; -1 when there was none. */
  peers: number;
  /** When the last announce was answered or had failed; -1 before that. Whole milliseconds. */
  lastAt: Millis;
  seeds: number | null;
  leechers: number | null;
  downloaded: number | null;
}

export function newTracker(url: string, tier: number): Tracker {
  return {
    url,
    tier,
    fails: 0,
    notBefore: 0,
    underWay: undefined,
    started: false,
    dead: false,
    trackerId: null,
    message: null,
    refused: false,
    peers: -1,
    lastAt: -1,
    seeds: null,
    leechers: null,
    downloaded: null,
  };
}

export function stateOf(tracker: Tracker): TrackerState {
  if (tracker.underWay !== undefined) return "asking";
  if (tracker.dead) return "never";
  if (tracker.fails > 0) return "failed";
  return tracker.peers < 0 ? "idle" : "ok";
}

/** Takes over what is known; what a tracker does not say stays as it was. */
export function noteCounts(tracker: Tracker, { seeds, leechers, downloaded }: SwarmCounts): void {
  tracker.seeds = seeds ?? tracker.seeds;
  tracker.leechers = leechers ?? tracker.leechers;
  tracker.downloaded = downloaded ?? tracker.downloaded;
}

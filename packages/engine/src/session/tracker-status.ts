import type { TrackerFacts } from "../core/tracker/announcer.ts";
import type { TrackerState } from "../core/tracker/tracker-state.ts";

/** Outcome of one announce. */
export interface TrackerResult {
  readonly url: string;
  readonly ok: boolean;
  /** The tracker's own words on failure, or a warning; unchecked text. */
  readonly message: string | null;
  /** It answered, and would have none of it. */
  readonly refused: boolean;
  /** It is not asked again by itself: it wants that (BEP 31), or can't be asked. */
  readonly never: boolean;
  /** Peers in the answer. */
  readonly peers: number;
  /** Those of the whole swarm; null when the tracker did not say. */
  readonly seeds: number | null;
  readonly leechers: number | null;
}

/** A tracker of a torrent, for people and programs to look at. */
export interface TrackerStatus extends Omit<TrackerFacts, "lastAt" | "nextAt"> {
  /** When the last announce was answered or had failed, milliseconds since the Unix epoch; null before that. */
  readonly lastAnnounceAt: number | null;
  /** Milliseconds since the Unix epoch; null when that depends on other trackers, or when it is not asked again by itself. */
  readonly nextAnnounceAt: number | null;
}

const MOST_TELLING: readonly TrackerState[] = ["asking", "ok", "failed", "never", "idle"];

/** Status of each tracker, from what is known under each name of the torrent. `wallOffset`: from monotonic to Unix time, ms. */
export function statusOf(names: readonly (readonly TrackerFacts[])[], wallOffset: number): TrackerStatus[] {
  const byUrl = new Map<string, TrackerFacts>();
  for (const fact of names.flat()) {
    const other = byUrl.get(fact.url);
    byUrl.set(fact.url, other === undefined ? fact : merged(other, fact));
  }
  const onWall = (at: number | null): number | null =>
    at === null ? null : Math.round(Math.max(at + wallOffset, 0));
  return [...byUrl.values()].map(({ lastAt, nextAt, ...facts }) => ({
    ...facts,
    lastAnnounceAt: onWall(lastAt),
    nextAnnounceAt: onWall(nextAt),
  }));
}

/** Trackers that have not been asked yet. */
export function idleStatuses(tiers: readonly (readonly string[])[]): TrackerStatus[] {
  return tiers.flatMap((urls, tier) =>
    urls.map((url) => ({
      url,
      tier,
      state: "idle" as const,
      message: null,
      refused: false,
      peers: 0,
      seeds: null,
      leechers: null,
      downloaded: null,
      lastAnnounceAt: null,
      nextAnnounceAt: null,
      fails: 0,
    })),
  );
}

/** Under one name a hybrid may have other peers than under the other: the larger count is nearer to the truth than the sum. */
function merged(a: TrackerFacts, b: TrackerFacts): TrackerFacts {
  const [better, worse] = MOST_TELLING.indexOf(b.state) < MOST_TELLING.indexOf(a.state) ? [b, a] : [a, b];
  return {
    ...better,
    message: better.message ?? worse.message,
    peers: Math.max(a.peers, b.peers),
    seeds: larger(a.seeds, b.seeds),
    leechers: larger(a.leechers, b.leechers),
    downloaded: larger(a.downloaded, b.downloaded),
    lastAt: larger(a.lastAt, b.lastAt),
    nextAt: a.nextAt === null || b.nextAt === null ? (a.nextAt ?? b.nextAt) : Math.min(a.nextAt, b.nextAt),
  };
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

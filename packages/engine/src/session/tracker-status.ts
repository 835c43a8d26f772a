import type { TrackerFacts } from "../core/tracker/announcer.ts";
import type { TrackerState } from "../core/tracker/tracker-state.ts";

/** A tracker of a torrent, for people and programs to look at. */
export interface TrackerStatus {
  readonly url: string;
  /** From 0; those of a lower one are asked first (BEP 12). */
  readonly tier: number;
  readonly state: TrackerState;
  /** Why the last announce failed, or a warning that came with the answer; unchecked text. */
  readonly message: string | null;
  /** It has answered, and would have none of it. */
  readonly refused: boolean;
  /** Peers in its last answer. */
  readonly peers: number;
  /** Those of the whole swarm, and how many ever completed it; null while the tracker has not said. */
  readonly seeds: number | null;
  readonly leechers: number | null;
  readonly downloaded: number | null;
  /** Milliseconds since the Unix epoch; null when that depends on other trackers, or when it is not asked again by itself. */
  readonly nextAnnounceAt: number | null;
  /** Failures since its last answer. */
  readonly fails: number;
}

const MOST_TELLING: readonly TrackerState[] = ["asking", "ok", "failed", "never", "idle"];

/** Status of each tracker, from what is known under each name of the torrent. `wallOffset`: from monotonic to Unix time, ms. */
export function statusOf(names: readonly (readonly TrackerFacts[])[], wallOffset: number): TrackerStatus[] {
  const byUrl = new Map<string, TrackerFacts>();
  for (const fact of names.flat()) {
    const other = byUrl.get(fact.url);
    byUrl.set(fact.url, other === undefined ? fact : merged(other, fact));
  }
  return [...byUrl.values()].map(({ nextAt, ...facts }) => ({
    ...facts,
    nextAnnounceAt: nextAt === null ? null : Math.round(Math.max(nextAt + wallOffset, 0)),
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
    nextAt: a.nextAt === null || b.nextAt === null ? (a.nextAt ?? b.nextAt) : Math.min(a.nextAt, b.nextAt),
  };
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

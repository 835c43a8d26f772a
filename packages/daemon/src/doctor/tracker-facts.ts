import type { Torrent, TrackerStatus } from "@shoal/engine";
import type { TrackerFact } from "./checks/trackers.ts";

/** The most telling one for each host comes first. */
const TELLING: readonly TrackerFact["outcome"][] = ["answered", "refused", "failed", "asking", "unasked"];

/** What became of asking the trackers of these torrents; those of one host are one. */
export function trackerFacts(torrents: readonly Pick<Torrent, "trackers">[]): TrackerFact[] {
  const byHost = new Map<string, TrackerFact>();
  for (const torrent of torrents) {
    for (const status of torrent.trackers()) {
      const fact = factOf(status);
      const other = byHost.get(fact.host);
      if (other === undefined || TELLING.indexOf(fact.outcome) < TELLING.indexOf(other.outcome))
        byHost.set(fact.host, fact);
    }
  }
  return [...byHost.values()];
}

function factOf({ url, state, refused, fails, message }: TrackerStatus): TrackerFact {
  const host = URL.canParse(url) ? new URL(url).host : url;
  if (state === "ok") return { host, outcome: "answered", message: null };
  if (fails > 0 || state === "failed" || state === "never")
    return { host, outcome: refused ? "refused" : "failed", message };
  return { host, outcome: state === "asking" ? "asking" : "unasked", message: null };
}

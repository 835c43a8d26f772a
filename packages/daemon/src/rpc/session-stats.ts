import type { ShoalNode } from "../shoal-node.ts";
import { whole } from "./values.ts";

/** What `session-stats` tells. */
export function sessionStats(node: ShoalNode): Record<string, unknown> {
  const all = node.transfers.list().map(({ torrent }) => ({ state: torrent.state, ...torrent.stats() }));
  const sum = (of: (one: (typeof all)[number]) => number): number =>
    whole(all.reduce((total, one) => total + of(one), 0));
  const paused = all.filter(({ state }) => state === "paused" || state === "error").length;
  const totals = {
    uploadedBytes: sum(({ uploaded }) => uploaded),
    downloadedBytes: sum(({ downloaded }) => downloaded),
    filesAdded: all.length,
    sessionCount: 1,
    secondsActive: Math.floor(process.uptime()),
  };
  return {
    activeTorrentCount: all.length - paused,
    pausedTorrentCount: paused,
    torrentCount: all.length,
    downloadSpeed: sum(({ downRate }) => downRate),
    uploadSpeed: sum(({ upRate }) => upRate),
    "current-stats": totals,
    "cumulative-stats": totals,
  };
}

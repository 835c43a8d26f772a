import type { ShoalNode } from "../shoal-node.ts";
import { whole } from "./values.ts";

/** What `session-stats` tells. */
export async function sessionStats({ transfers, ledger }: ShoalNode): Promise<Record<string, unknown>> {
  const list = transfers.list();
  const paused = list.filter(({ torrent: { state } }) => state === "paused" || state === "error").length;
  const { downRate, upRate, session, all } = await ledger.totals.stats();
  return {
    activeTorrentCount: list.length - paused,
    pausedTorrentCount: paused,
    torrentCount: list.length,
    downloadSpeed: whole(downRate),
    uploadSpeed: whole(upRate),
    "current-stats": {
      uploadedBytes: whole(session.uploaded),
      downloadedBytes: whole(session.downloaded),
      filesAdded: list.filter(({ record }) => record.addedAt >= session.startedAt).length,
      sessionCount: 1,
      secondsActive: whole(session.activeMs / 1000),
    },
    "cumulative-stats": {
      uploadedBytes: whole(all.uploaded),
      downloadedBytes: whole(all.downloaded),
      filesAdded: whole(all.added),
      sessionCount: whole(all.sessions),
      secondsActive: whole(all.activeMs / 1000),
    },
  };
}

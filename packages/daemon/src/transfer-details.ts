import type { PeerInfo, Torrent, TrackerStatus } from "@shoal/engine";
import type { TorrentFile, TorrentPeer, TorrentTracker, TorrentTrackers } from "@shoal/schema";

/** Parts of a transfer that are too much for a line of the list, as the API shows them. */

export async function fileViews(torrent: Torrent): Promise<TorrentFile[]> {
  return (await torrent.files()).map(({ index, path, size, have, wanted, priority }) => ({
    index,
    path,
    size,
    have,
    wanted,
    priority,
  }));
}

/** `named`: with their addresses. */
export function peerViews(torrent: Torrent, named: boolean): TorrentPeer[] {
  return torrent.peers().map((peer) => peerView(peer, named));
}

/** `named`: with its address. */
export function peerView(peer: PeerInfo, named: boolean): TorrentPeer {
  return {
    host: named ? peer.host : null,
    port: named ? peer.port : null,
    incoming: peer.incoming,
    source: peer.source,
    client: peer.client,
    progress: Math.round(peer.progress * 10_000) / 10_000,
    seed: peer.seed,
    downRate: Math.round(peer.downRate),
    upRate: Math.round(peer.upRate),
    downloaded: peer.downloaded,
    uploaded: peer.uploaded,
    choked: peer.choked,
    choking: peer.choking,
    interested: peer.interested,
    snubbed: peer.snubbed,
    v2: peer.v2,
    obfuscated: peer.obfuscated,
    reputation: { score: peer.reputation.score, reason: peer.reputation.reason },
  };
}

export function trackerViews(torrent: Torrent): Pick<TorrentTrackers, "trackers" | "finders" | "webSeeds"> {
  return {
    trackers: torrent.trackers().map(trackerView),
    finders: torrent
      .finders()
      .map(({ source, asked, answered, peers }) => ({ source, asked, answered, peers })),
    webSeeds: torrent
      .webSeeds()
      .map(({ url, state, downRate, downloaded, requests, retryInMs, lastError }) => ({
        url,
        state,
        downRate: Math.round(downRate),
        downloaded,
        requests,
        retryInMs: retryInMs === null ? null : Math.round(retryInMs),
        lastError,
      })),
  };
}

function trackerView(tracker: TrackerStatus): TorrentTracker {
  const { url, tier, state, message, refused, peers, seeds, leechers, fails, nextAnnounceAt } = tracker;
  const nextAt = nextAnnounceAt === null ? null : new Date(nextAnnounceAt).toISOString();
  return { url, tier, state, message, refused, peers, seeds, leechers, fails, nextAnnounceAt: nextAt };
}

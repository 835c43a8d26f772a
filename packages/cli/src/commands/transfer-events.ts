import type { CheckProgress, PeerInfo, Torrent, TorrentStats } from "../engine.ts";

/** The numbers of a torrent for --json: integers in bytes and milliseconds, unknown is null. */
export function statsFields(torrent: Torrent, stats: TorrentStats): Record<string, unknown> {
  return {
    state: torrent.state,
    wanted: stats.wanted,
    have: stats.have,
    pieceCount: stats.pieceCount,
    piecesHave: stats.piecesHave,
    downloaded: stats.downloaded,
    uploaded: stats.uploaded,
    wasted: stats.wasted,
    downRate: Math.round(stats.downRate),
    upRate: Math.round(stats.upRate),
    peers: stats.peers,
    seeds: stats.seeds,
    etaMs: stats.etaMs === null ? null : Math.round(stats.etaMs),
    waiting: stats.waiting,
  };
}

/** How far a check of data on disk is, for --json. */
export function checkFields({ reason, checkedPieces, pieceCount, etaMs }: CheckProgress): CheckProgress {
  return { reason, checkedPieces, pieceCount, etaMs: etaMs === null ? null : Math.round(etaMs) };
}

/** A peer for --json. `client` is the peer's own, unchecked text. */
export function peerFields(peer: PeerInfo): Record<string, unknown> {
  return {
    host: peer.host,
    port: peer.port,
    incoming: peer.incoming,
    source: peer.source,
    obfuscated: peer.obfuscated,
    client: peer.client,
    progress: Math.round(peer.progress * 10_000) / 10_000,
    downloaded: peer.downloaded,
    uploaded: peer.uploaded,
    downRate: Math.round(peer.downRate),
    upRate: Math.round(peer.upRate),
    reputation: peer.reputation,
  };
}

import type { CheckProgress, Metainfo, PeerInfo, TorrentEvent, TorrentStats } from "../engine.ts";

/** Why it waits, as the engine or the daemon tells it. */
interface Waits {
  readonly code: string;
  readonly message: string;
  readonly action: string;
}

/** The numbers of a torrent, as the engine or the daemon tells them. */
type Numbers = Omit<TorrentStats, "waiting" | "failed"> & {
  readonly waiting: Waits | null;
};

/** A torrent that is looked at: of a session of this process, or of the daemon. */
export interface Watched {
  readonly name: string;
  readonly infoHashes: Metainfo["infoHashes"];
  readonly metainfo: Metainfo | null;
  readonly state: string;
  stats(): Numbers;
  peers(): PeerInfo[];
  trackers(): readonly object[];
  finders(): readonly object[];
  webSeeds(): readonly object[];
}

/** How a torrent does, for --json: its numbers, and who is asked for peers, and who they are. Trackers' messages are unchecked text. */
export function progressFields(torrent: Watched, stats: Numbers): Record<string, unknown> {
  return {
    ...statsFields(torrent, stats),
    trackerList: torrent.trackers(),
    finderList: torrent.finders(),
    webSeedList: torrent.webSeeds(),
    peerList: torrent.peers().map(peerFields),
  };
}

/** A tracker's answer for --json. `message` is its own, unchecked text, or why there was no answer. */
export function trackerFields({
  type: _type,
  ...fields
}: Extract<TorrentEvent, { type: "tracker" }>): Record<string, unknown> {
  return fields;
}

/** Integers in bytes and milliseconds, unknown is null. */
function statsFields(torrent: Watched, stats: Numbers): Record<string, unknown> {
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
    waiting: stats.waiting === null ? null : waitingFields(stats.waiting),
  };
}

/** What works its own download off has no number by which a command could name it: advice that needs one is left out. */
function waitingFields({ code, message, action }: Waits): Record<string, unknown> {
  return { code, message, action: action.includes("<t>") ? null : action };
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

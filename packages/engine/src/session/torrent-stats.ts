import type { Millis } from "../base/brand.ts";
import { explainWaiting } from "../core/explain.ts";
import type { Hold } from "../core/hold.ts";
import type { WaitingReason } from "../core/reasons.ts";
import { countTogether } from "../core/swarm/together.ts";
import type { SessionContext } from "./context.ts";
import type { TorrentState, TorrentStats } from "./events.ts";
import { isStopped } from "./stopped-state.ts";
import type { TorrentContent } from "./torrent-content.ts";
import type { TorrentMetadata } from "./torrent-metadata.ts";
import type { TorrentSwarm } from "./torrent-swarm.ts";
import type { TorrentDiscovery } from "./torrent-discovery.ts";

/** The parts of a torrent that its numbers come from. */
export interface StatsSources {
  readonly state: TorrentState;
  /** 0 while the metadata is unknown. */
  readonly pieceCount: number;
  readonly content: TorrentContent | null;
  readonly swarm: TorrentSwarm;
  readonly discovery: TorrentDiscovery;
  readonly metadata: TorrentMetadata;
  readonly context: Pick<
    SessionContext,
    "clock" | "clockEvidence" | "dht" | "net" | "obfuscation" | "storeFlow"
  >;
  /** Why it is paused, when it is. */
  hold(): Hold | null;
  readonly v2Only: boolean;
  /** Milliseconds since the Unix epoch: when everything was last seen with others. */
  readonly lastCompleteAt: number | null;
}

/** A torrent in numbers, as they are now. */
export function torrentStats(sources: StatsSources, now: Millis): TorrentStats {
  const { content, swarm, pieceCount } = sources;
  const downRate = content?.download.rate.rate(now) ?? 0;
  const wanted = content?.amounts.wanted ?? 0;
  const have = content?.amounts.have ?? 0;
  let seeds = 0;
  for (const peer of swarm.connected) if (peer.session.have?.isFull === true) seeds++;
  return {
    downloaded: content?.amounts.downloaded ?? 0,
    uploaded: content?.amounts.uploaded ?? 0,
    downRate,
    upRate: content?.upload.rate.rate(now) ?? 0,
    wanted,
    have,
    wasted: content?.download.wasted ?? 0,
    failed: content?.download.failed ?? 0,
    peers: swarm.connected.size,
    seeds,
    pieceCount,
    piecesHave: content?.have.count ?? 0,
    etaMs: downRate > 0 && have < wanted ? ((wanted - have) / downRate) * 1000 : null,
    waiting: waiting(sources, downRate),
  };
}

/** Null while nobody is connected, or there is nothing to have. */
function together({ content, swarm, pieceCount }: StatsSources): number | null {
  if (content === null || pieceCount === 0 || swarm.connected.size === 0) return null;
  return countTogether([content.have, ...swarm.fields()], pieceCount) / pieceCount;
}

function waiting(sources: StatsSources, downRate: number): WaitingReason | null {
  const { state, content, metadata, context } = sources;
  const { trackers } = sources.discovery;
  const { connected, connections } = sources.swarm;
  let useful = 0;
  let unchoked = 0;
  for (const peer of connected) {
    if (!peer.session.amInterested) continue;
    useful++;
    if (!peer.session.peerChoking) unchoked++;
  }
  return explainWaiting({
    needsMetadata: state === "metadata",
    paused: isStopped(state),
    hold: isStopped(state) ? sources.hold() : null,
    checking: state === "checking",
    checksBefore: content?.checksBefore ?? null,
    downloading: state === "downloading",
    receiving: downRate > 0,
    peers: connections.peers.size,
    connecting: connections.connecting,
    candidates: connections.list.size,
    banned: connections.banned,
    plainOnly: connections.fates.count("plain-only"),
    hungUp: connections.fates.count("hung-up"),
    silent: connections.fates.count("silent"),
    forbidden: connections.fates.count("forbidden"),
    plainHere: context.obfuscation.policy === "off",
    v2Only: sources.v2Only,
    clock: context.clockEvidence.trouble,
    limit: content?.download.brakedTo ?? null,
    together: useful === 0 && state === "downloading" ? together(sources) : null,
    sinceCompleteMs:
      sources.lastCompleteAt === null ? null : Math.max(0, context.clock.wallTime() - sources.lastCompleteAt),
    network: context.net.obstacle,
    disk: content?.trouble ?? null,
    trackers: trackers.count,
    trackersFailed: trackers.failed,
    trackersAnswered: trackers.answered,
    trackerFailure: trackers.failure,
    finders: sources.discovery.progress(),
    dhtUnanswered: context.dht?.unanswered ?? 0,
    webSeeds: content?.webSeeds.asked ?? 0,
    webSeedFailure: content?.webSeeds.failure ?? null,
    metadataSources: metadata.sourceCount,
    needsHashes: content?.wantsHashes ?? false,
    useful,
    unchoked,
    diskBusy: content !== null && context.storeFlow.buffer.underPressure,
  });
}

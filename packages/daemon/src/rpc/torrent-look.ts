import type { PeerInfo, Torrent, TorrentStats, TrackerStatus } from "@shoal/engine";
import type { Transfer } from "../transfer.ts";
import type { Details } from "./torrent-details.ts";
import type { Observed } from "./torrent-watch.ts";

/** What fields look at besides the torrent. */
export interface LookContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly observed: Readonly<Observed>;
  readonly details: Details;
  /** Of a tracker, by its URL. */
  readonly trackerId: (url: string) => number;
  /** Who asks may not learn where others are. */
  readonly hidesAddresses: boolean;
  /** Where its .torrent file lies. */
  readonly torrentFile: string;
  /** Among all, from 0. */
  readonly queuePosition: () => number;
  /** Until when it is shared, whoever says so; null for no end. */
  readonly goals: () => { readonly ratio: number | null; readonly idleMs: number | null };
  /** Connections that it may have. */
  readonly peerLimit: number;
}

/** One look at a transfer: what is asked of the engine is asked once for all fields. */
export class TorrentLook {
  readonly transfer: Transfer;
  readonly torrent: Torrent;
  readonly context: LookContext;
  readonly stats: TorrentStats;
  #peers: readonly PeerInfo[] | null = null;
  #trackers: readonly TrackerStatus[] | null = null;

  constructor(transfer: Transfer, context: LookContext) {
    this.transfer = transfer;
    this.torrent = transfer.torrent;
    this.context = context;
    this.stats = transfer.torrent.stats();
  }

  get peers(): readonly PeerInfo[] {
    this.#peers ??= this.stats.peers === 0 ? [] : this.torrent.peers();
    return this.#peers;
  }

  get trackers(): readonly TrackerStatus[] {
    this.#trackers ??= inTiers(this.torrent.trackers());
    return this.#trackers;
  }

  /** Bytes of wanted files that are not there. */
  get left(): number {
    return Math.max(0, this.stats.wanted - this.stats.have);
  }

  get isStopped(): boolean {
    const { state } = this.torrent;
    return state === "paused" || state === "error";
  }
}

/** With tiers that are counted from 0, though some went away. */
function inTiers(trackers: readonly TrackerStatus[]): TrackerStatus[] {
  const tiers = [...new Set(trackers.map(({ tier }) => tier))].sort((a, b) => a - b);
  return trackers.map((tracker) => ({ ...tracker, tier: tiers.indexOf(tracker.tier) }));
}

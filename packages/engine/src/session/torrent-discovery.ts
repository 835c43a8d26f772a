import type { Family } from "../base/address.ts";
import type { PeerSource } from "../core/swarm/peer-list.ts";
import type { Endpoint } from "../ports/net.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { Urgency } from "./host-queue.ts";
import type { FinderProgress, Seeking, Sought } from "./peer-finder.ts";
import { TorrentTrackers, type TrackersOwner } from "./torrent-trackers.ts";

/** What the search for peers asks its torrent, and tells it. */
export interface DiscoveryOwner extends TrackersOwner {
  readonly isSeed: boolean;
}

/** All ways by which one torrent finds peers and is found: its trackers, and, unless it is private, the finders of the session. */
export class TorrentDiscovery implements Sought {
  readonly trackers: TorrentTrackers;
  readonly #context: SessionContext;
  readonly #owner: DiscoveryOwner;
  readonly #usesFinders: boolean;
  #seekings: readonly Seeking[] | null = null;
  #closed = false;

  /** `discovery: false` leaves it to the trackers. */
  constructor(context: SessionContext, owner: DiscoveryOwner, options: AddOptions) {
    this.#context = context;
    this.#owner = owner;
    this.#usesFinders = options.discovery !== false;
    this.trackers = new TorrentTrackers(context, owner, {
      edited: options.row?.trackers,
      named: options.trackers,
    });
  }

  /** Begins, unless that was done already; see `TorrentTrackers.start`. */
  start(how: { readonly gently?: boolean } = {}): void {
    // A torrent may be on its way to life when it is removed.
    if (this.#closed) return;
    this.trackers.start(how);
    // What was begun while the metadata was unknown ends when that says "private".
    if (this.#owner.isPrivate || !this.#usesFinders) this.#stopSeeking();
    else this.#seekings ??= this.#context.finders.map((finder) => finder.seek(this, how));
  }

  /** It turned out to be private (BEP 27): finders stop looking, and announce nothing more. */
  makePrivate(): void {
    this.#stopSeeking();
  }

  /** Somebody waits for peers, or there is something new to tell. */
  soon(urgency: Urgency = "awaited"): void {
    this.trackers.announceSoon(urgency);
    for (const seeking of this.#seekings ?? []) seeking.soon();
  }

  /** One for each finder in use. */
  progress(): FinderProgress[] {
    return (this.#seekings ?? []).map((seeking) => seeking.progress());
  }

  async stop(): Promise<void> {
    this.#stopSeeking();
    await this.trackers.stop();
  }

  /** Stops for good. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopSeeking();
    await this.trackers.close();
  }

  // -- what finders ask and tell

  names(): readonly string[] {
    return this.#owner.shortNames();
  }

  port(family: Family): number {
    return this.#context.announcedPort(family);
  }

  localPort(): number {
    return this.#context.listenPort();
  }

  isSeed(): boolean {
    return this.#owner.isSeed;
  }

  onPeers(peers: readonly Endpoint[], source: PeerSource, name: string): void {
    if (this.#seekings !== null) this.#owner.onFoundPeers(peers, { source, name, leechers: null });
  }

  #stopSeeking(): void {
    const seekings = this.#seekings ?? [];
    this.#seekings = null;
    for (const seeking of seekings) seeking.stop();
  }
}

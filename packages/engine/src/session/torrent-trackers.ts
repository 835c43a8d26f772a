import type { Magnet } from "../meta/magnet.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import { isTrackerUrl } from "../meta/torrent-urls.ts";
import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { PeerSource } from "../core/swarm/peer-list.ts";
import type { Endpoint } from "../ports/net.ts";
import type { AnnounceInfo, Announcing, Totals, TrackerListener } from "./announcing.ts";
import type { SessionContext } from "./context.ts";
import type { Urgency } from "./host-queue.ts";
import { idleStatuses, type TrackerResult, type TrackerStatus } from "./tracker-status.ts";

/** The same result of the same tracker within this time is told once. */
const SAME_MS = 5_000;

/** How peers were found. */
export interface Finding {
  readonly source: PeerSource;
  /** The name of the torrent, in hex, under which they are known. */
  readonly name: string;
  /** In the whole swarm, as far as a tracker says. */
  readonly leechers: number | null;
}

/** What trackers are told of a torrent, and who is told what they answer. */
export interface TrackersOwner {
  /** The 20-byte names of the torrent, in hex. */
  shortNames(): readonly string[];
  totals(): Totals;
  /** The trackers that it has now, as they came or edited. */
  readonly tiers: Tiers;
  readonly isPrivate: boolean;
  /** A user has changed them. */
  onTrackersEdited(tiers: Tiers): void;
  onFoundPeers(peers: readonly Endpoint[], how: Finding): void;
  onTrackerResult(result: TrackerResult): void;
}

/** Trackers in tiers (BEP 12). */
export type Tiers = readonly (readonly string[])[];

/** The announcing of one torrent, which may be stopped and begun anew. */
export class TorrentTrackers implements AnnounceInfo, TrackerListener {
  readonly #context: SessionContext;
  readonly #owner: TrackersOwner;
  /** What a user has made of the torrent's trackers. */
  #edited: Tiers | null;
  /** URLs that a user named. */
  #named: readonly string[];
  /** Null until there was something to announce. */
  #announcing: Announcing | null = null;
  #wanted = false;
  /** The good-bye that is under way. */
  #stopping: Promise<void> | null = null;
  /** What was last told of each tracker: a hybrid is announced under two names, which mostly end alike. */
  #told: Map<string, { readonly what: string; readonly at: Millis }> | null = null;

  /** `edited`: what was made of the torrent's trackers in an earlier run. `named`: those that a user named. */
  constructor(
    context: SessionContext,
    owner: TrackersOwner,
    known: { readonly edited?: Tiers | undefined; readonly named?: readonly string[] | undefined } = {},
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#edited = known.edited ?? null;
    this.#named = known.named ?? NONE;
  }

  /** Trackers in use, and how many of them failed or answered last. */
  get count(): number {
    return this.#wanted ? (this.#announcing?.count ?? 0) : 0;
  }

  get failed(): number {
    return this.#wanted ? (this.#announcing?.failed ?? 0) : 0;
  }

  get answered(): number {
    return this.#wanted ? (this.#announcing?.answered ?? 0) : 0;
  }

  /** Why a tracker does not answer; null when none fails. `message` is unchecked text. */
  get failure(): { readonly refused: boolean; readonly message: string } | null {
    if (this.failed === 0) return null;
    const failing = this.#announcing?.statuses().find(({ fails }) => fails > 0);
    if (failing === undefined) return null;
    return { refused: failing.refused, message: failing.message ?? "no answer" };
  }

  /** What a user has made of the torrent's trackers; null while they are as they came. */
  get edited(): Tiers | null {
    return this.#edited;
  }

  /** All trackers, in the order of asking. */
  statuses(): TrackerStatus[] {
    const statuses = this.#announcing?.statuses() ?? [];
    // Before the first announce, and of a kind to which we can't announce.
    const known = new Set(statuses.map(({ url }) => url));
    return [...statuses, ...idleStatuses(this.tiers).filter(({ url }) => !known.has(url))];
  }

  /** Adds trackers that a user names, as tiers of their own. Throws ERR_INVALID_ARGUMENT for what is no URL of a tracker. */
  add(urls: readonly string[]): void {
    for (const url of urls) {
      if (isTrackerUrl(url) && URL.canParse(url)) continue;
      const message = `${url} is not the address of a tracker; they begin with http://, https:// or udp://`;
      throw new ShoalError("ERR_INVALID_ARGUMENT", message);
    }
    const known = new Set(this.tiers.flat());
    const added = [...new Set(urls)].filter((url) => !known.has(url));
    this.#named = [...new Set([...this.#named, ...urls])];
    this.#edit([...this.tiers, ...added.map((url) => [url])]);
    for (const url of added) this.#announcing?.add([url]);
    // While there was none, there was nothing to begin.
    if (this.#stopping === null) this.#begin({});
  }

  /** Takes a tracker out; it is told that we stop. False when the torrent does not have it. */
  remove(url: string): boolean {
    const { tiers } = this;
    if (!tiers.flat().includes(url)) return false;
    this.#edit(tiers.map((urls) => urls.filter((other) => other !== url)).filter((urls) => urls.length > 0));
    this.#announcing?.remove(url);
    return true;
  }

  /** Asks the trackers how many seeds and leechers there are; `statuses` tells then. Never rejects. */
  async scrape(): Promise<void> {
    this.#announcing ??= this.#context.trackers.add(this, this);
    await this.#announcing.scrape({ urgency: "asked", all: true });
  }

  /**
   * Begins to announce, unless that was begun already; `gently` takes turns with all others that are begun so. A good-bye that is
   * under way comes first, or it would undo that.
   */
  start(how: { readonly gently?: boolean } = {}): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (this.#stopping === null) this.#begin(how);
    else void this.#stopping.then(() => this.#begin(how));
  }

  /** Most torrents have a tracker; those that have none need nothing here. */
  #begin(how: { readonly gently?: boolean }): void {
    if (!this.#wanted || this.tiers.length === 0) return;
    this.#announcing ??= this.#context.trackers.add(this, this);
    this.#announcing.start(how);
  }

  #edit(tiers: Tiers): void {
    this.#edited = tiers;
    this.#owner.onTrackersEdited(tiers);
  }

  // -- what trackers are told

  get tiers(): Tiers {
    return this.#owner.tiers;
  }

  get isPrivate(): boolean {
    return this.#owner.isPrivate;
  }

  get peerId(): Uint8Array {
    return this.#context.peerId;
  }

  get obfuscation(): "none" | "supported" | "required" {
    const { policy } = this.#context.obfuscation;
    return policy === "off" ? "none" : policy === "require" ? "required" : "supported";
  }

  isNamed(url: string): boolean {
    return this.#named.includes(url);
  }

  names(): readonly string[] {
    return this.#owner.shortNames();
  }

  port(): number {
    return this.#context.announcedPort(4);
  }

  port6(): number {
    return this.#context.announcedPort(6);
  }

  totals(): Totals {
    return this.#owner.totals();
  }

  // -- what they answer

  onPeers(peers: readonly Endpoint[], name: string, leechers: number | null): void {
    this.#owner.onFoundPeers(peers, { source: "tracker", name, leechers });
  }

  /** The download is complete: told once. */
  completed(): void {
    this.#announcing?.completed();
  }

  /** There is something new to announce, or somebody waits. */
  announceSoon(urgency: Urgency): void {
    this.#announcing?.announceSoon(urgency);
  }

  async stop(): Promise<void> {
    await this.#end((announcing) => announcing.stop());
  }

  /** Stops for good. */
  async close(): Promise<void> {
    await this.#end((announcing) => announcing.close());
  }

  async #end(how: (announcing: Announcing) => Promise<void>): Promise<void> {
    this.#wanted = false;
    if (this.#announcing === null) return;
    const stopping = Promise.all([this.#stopping, how(this.#announcing)]).then(() => {
      if (this.#stopping === stopping) this.#stopping = null;
    });
    this.#stopping = stopping;
    await stopping;
  }

  onResult(result: TrackerResult): void {
    if (this.names().length > 1 && this.#wasJustTold(result)) return;
    this.#owner.onTrackerResult(result);
  }

  #wasJustTold(result: TrackerResult): boolean {
    const now = this.#context.now();
    const what = JSON.stringify(result);
    this.#told ??= new Map();
    const last = this.#told.get(result.url);
    if (last !== undefined && last.what === what && now - last.at < SAME_MS) return true;
    this.#told.set(result.url, { what, at: now });
    return false;
  }
}

const NONE: readonly [] = [];

/** The torrent's own trackers, then those named when it was added. */
export function trackerTiers(
  metainfo: Metainfo | null,
  magnet: Magnet | null,
  more: readonly string[] = [],
): Tiers {
  const known = metainfo?.trackers ?? (magnet?.trackers ?? []).map((url) => [url]);
  return [...known, ...more.map((url) => [url])];
}

import type { Magnet } from "../meta/magnet.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { Millis } from "../base/brand.ts";
import type { Endpoint } from "../ports/net.ts";
import type { SessionContext } from "./context.ts";
import type {
  AnnounceInfo,
  Totals,
  TrackerHandle,
  TrackerListener,
  TrackerResult,
} from "./tracker-client.ts";

/** The same result of the same tracker within this time is told once. */
const SAME_MS = 5_000;

/** What trackers are told of a torrent, and who is told what they answer. */
export interface TrackersOwner {
  /** The 20-byte names of the torrent, in hex. */
  shortNames(): readonly string[];
  totals(): Totals;
  /** `leechers` of the whole swarm, as far as the tracker says. */
  onTrackerPeers(peers: readonly Endpoint[], leechers: number | null): void;
  onTrackerResult(result: TrackerResult): void;
}

/** The announcing of one torrent, which may be stopped and begun anew. */
export class TorrentTrackers implements AnnounceInfo, TrackerListener {
  readonly #context: SessionContext;
  readonly #owner: TrackersOwner;
  #tiers: readonly (readonly string[])[] = [];
  #isPrivate = false;
  #handle: TrackerHandle | null = null;
  #wanted = false;
  /** The good-bye that is under way. */
  #stopping: Promise<void> | null = null;
  /** What was last told of each tracker: a hybrid is announced under two names, which mostly end alike. */
  #told: Map<string, { readonly what: string; readonly at: Millis }> | null = null;
  #failure: { readonly refused: boolean; readonly message: string } | null = null;

  constructor(context: SessionContext, owner: TrackersOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Trackers in use, and how many of them failed last. */
  get count(): number {
    return this.#handle?.count ?? 0;
  }

  get failed(): number {
    return this.#handle?.failed ?? 0;
  }

  /** Why the last announce failed that did; null since one has succeeded. `message` is unchecked text. */
  get failure(): { readonly refused: boolean; readonly message: string } | null {
    return this.#failure;
  }

  /**
   * Begins to announce, unless that was begun already; `gently` takes turns with all others that are begun so. A good-bye that is
   * under way comes first, or it would undo that.
   */
  start(
    tiers: readonly (readonly string[])[],
    isPrivate: boolean,
    how: { readonly gently?: boolean } = {},
  ): void {
    if (this.#handle !== null || tiers.length === 0) return;
    this.#tiers = tiers;
    this.#isPrivate = isPrivate;
    this.#wanted = true;
    if (this.#stopping === null) this.#start(how);
    else void this.#stopping.then(() => this.#wanted && this.#handle === null && this.#start(how));
  }

  #start(how: { readonly gently?: boolean }): void {
    this.#handle = this.#context.trackers.add(this, this, how);
  }

  // -- what trackers are told

  get tiers(): readonly (readonly string[])[] {
    return this.#tiers;
  }

  get isPrivate(): boolean {
    return this.#isPrivate;
  }

  get peerId(): Uint8Array {
    return this.#context.peerId;
  }

  names(): readonly string[] {
    return this.#owner.shortNames();
  }

  port(): number {
    return this.#context.listenPort();
  }

  totals(): Totals {
    return this.#owner.totals();
  }

  // -- what they answer

  onPeers(peers: readonly Endpoint[], leechers: number | null): void {
    this.#owner.onTrackerPeers(peers, leechers);
  }

  /** The download is complete: told once. */
  completed(): void {
    this.#handle?.completed();
  }

  /** There is something new to announce. */
  announceSoon(): void {
    this.#handle?.announceSoon();
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    const handle = this.#handle;
    this.#handle = null;
    if (handle === null) return this.#stopping ?? undefined;
    const stopping = handle.stop().finally(() => {
      if (this.#stopping === stopping) this.#stopping = null;
    });
    this.#stopping = stopping;
    await stopping;
  }

  onResult(result: TrackerResult): void {
    const { ok, refused, message } = result;
    this.#failure = ok ? null : { refused, message: message ?? "no answer" };
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

/** Trackers in tiers (BEP 12): the torrent's own, then those named when it was added. */
export function trackerTiers(
  metainfo: Metainfo | null,
  magnet: Magnet | null,
  more: readonly string[] = [],
): readonly (readonly string[])[] {
  const known = metainfo?.trackers ?? (magnet?.trackers ?? []).map((url) => [url]);
  return [...known, ...more.map((url) => [url])];
}

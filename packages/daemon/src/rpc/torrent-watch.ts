import type { Session, Torrent } from "@shoal/engine";

/** A change counts as recent for so long, as with Transmission. */
const RECENT_MS = 60_000;

/** What is remembered of a torrent only for those who ask by this RPC; times in milliseconds since 1970, null for never in this run. */
export interface Observed {
  /** Something about it has changed. */
  changedAt: number | null;
  /** Bytes came or went. */
  activeAt: number | null;
  startedAt: number | null;
  editedAt: number | null;
  /** Part of the files that a check under way has compared. */
  checked: number;
  moved: number;
  /** Numbers by which its trackers are named, for as long as the process runs. */
  readonly trackerIds: Map<string, number>;
}

/** Notes what happens to torrents that programs want to be told, and nobody else keeps. */
export class TorrentWatch {
  readonly #observed: WeakMap<Torrent, Observed> = new WeakMap();
  readonly #now: () => number;
  readonly #unwatch: () => void;
  #known: ReadonlySet<number> = new Set();
  readonly #removed: Map<number, number> = new Map();

  /** `now`: milliseconds since 1970. */
  constructor(session: Pick<Session, "on">, now: () => number) {
    this.#now = now;
    this.#unwatch = session.on((event) => {
      if (event.type === "added") this.#of(event.torrent).changedAt = now();
      if (event.type !== "torrent") return;
      const observed = this.#of(event.torrent);
      observed.changedAt = now();
      if (event.event.type === "checked")
        observed.checked = event.event.checkedPieces / Math.max(1, event.event.pieceCount);
      if (event.event.type === "piece") observed.activeAt = now();
      if (event.event.type === "state" && event.torrent.state !== "paused") observed.startedAt ??= now();
      if (event.event.type === "state" && event.torrent.state === "paused") observed.startedAt = null;
    });
  }

  close(): void {
    this.#unwatch();
  }

  /** As of now. */
  of(torrent: Torrent): Readonly<Observed> {
    const observed = this.#of(torrent);
    const { downloaded, uploaded } = torrent.stats();
    const moved = downloaded + uploaded;
    if (moved !== observed.moved) observed.activeAt = observed.changedAt = this.#now();
    observed.moved = moved;
    return observed;
  }

  /** Somebody has changed a setting of it. */
  edited(torrent: Torrent): void {
    const observed = this.#of(torrent);
    observed.changedAt = observed.editedAt = this.#now();
  }

  isRecent(torrent: Torrent): boolean {
    const { changedAt } = this.of(torrent);
    return (changedAt !== null && this.#now() - changedAt <= RECENT_MS) || torrent.stats().peers > 0;
  }

  /** The number of a tracker: always the same for the same URL. */
  trackerId(torrent: Torrent, url: string): number {
    const { trackerIds } = this.#of(torrent);
    const known = trackerIds.get(url);
    if (known !== undefined) return known;
    trackerIds.set(url, trackerIds.size);
    return trackerIds.size - 1;
  }

  /** A tracker has another URL now: its number stays. */
  trackerReplaced(torrent: Torrent, from: string, to: string): void {
    const { trackerIds } = this.#of(torrent);
    const id = trackerIds.get(from);
    if (id === undefined || trackerIds.has(to)) return;
    trackerIds.delete(from);
    trackerIds.set(to, id);
  }

  /** The ids of transfers that went away lately; `ids` are those that are there. */
  recentlyRemoved(ids: Iterable<number>): number[] {
    const now = this.#now();
    const there = new Set(ids);
    for (const id of this.#known) if (!there.has(id)) this.#removed.set(id, now);
    this.#known = there;
    for (const [id, at] of this.#removed) if (now - at > RECENT_MS) this.#removed.delete(id);
    return [...this.#removed.keys()];
  }

  #of(torrent: Torrent): Observed {
    let observed = this.#observed.get(torrent);
    if (observed === undefined) {
      const { downloaded, uploaded } = torrent.stats();
      observed = {
        changedAt: null,
        activeAt: null,
        startedAt: null,
        editedAt: null,
        checked: 0,
        moved: downloaded + uploaded,
        trackerIds: new Map(),
      };
      this.#observed.set(torrent, observed);
    }
    return observed;
  }
}

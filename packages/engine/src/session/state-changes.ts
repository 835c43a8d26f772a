import type { Millis } from "../base/brand.ts";
import { primaryKey } from "../meta/info-hash.ts";
import type { Torrent } from "./torrent-handle.ts";
import type { TorrentState, TorrentStats } from "./events.ts";

/** What a list of transfers shows of one torrent; plain values only. */
export interface TorrentSummary extends TorrentStats {
  /** The torrent's number in the session; it stays when the info-hash of a magnet turns out to be one of two. */
  readonly number: number;
  /** Hex of the v1 info-hash, or of the truncated v2 info-hash where there is no v1. */
  readonly id: string;
  readonly name: string;
  readonly state: TorrentState;
}

export interface StateDiff {
  /** Give this to the next call. */
  readonly revision: number;
  /** Changed fields of each torrent that changed; all fields of a torrent that is new since then. */
  readonly changed: readonly (Partial<TorrentSummary> & Pick<TorrentSummary, "id" | "number">)[];
  /** Ids of torrents that went away. */
  readonly removed: readonly string[];
}

const FIELDS: readonly (keyof TorrentSummary)[] = [
  "name",
  "state",
  "downloaded",
  "uploaded",
  "downRate",
  "upRate",
  "wanted",
  "have",
  "wasted",
  "failed",
  "peers",
  "seeds",
  "pieceCount",
  "piecesHave",
  "etaMs",
  "waiting",
];

interface Tracked {
  summary: TorrentSummary;
  readonly addedAt: number;
  /** Revision of the latest change of any field. */
  changedAt: number;
  /** For each of FIELDS the revision of its latest change; null when none has changed since `addedAt`. */
  fieldsAt: number[] | null;
}

/** Removals remembered; an older revision gets everything anew. */
const MAX_REMOVED = 1000;

/**
 * Which field of which torrent changed at which revision, so that a viewer is told only what is new to it. Torrents are looked at
 * when somebody asks, and only those that were touched since.
 */
export class StateChanges {
  readonly #torrents: () => Iterable<Torrent>;
  #revision = 0;
  #oldestRemoval = 0;
  /** Somebody has asked before. */
  #viewed = false;
  readonly #touched: Set<Torrent> = new Set();
  readonly #tracked: Map<Torrent, Tracked> = new Map();
  readonly #removed: { readonly id: string; readonly at: number }[] = [];

  constructor(torrents: () => Iterable<Torrent>) {
    this.#torrents = torrents;
  }

  /** The torrent is new, or something about it may have changed. */
  touch(torrent: Torrent): void {
    if (this.#viewed) this.#touched.add(torrent);
  }

  remove(torrent: Torrent): void {
    this.#touched.delete(torrent);
    const tracked = this.#tracked.get(torrent);
    if (tracked === undefined) return;
    this.#tracked.delete(torrent);
    this.#removed.push({ id: tracked.summary.id, at: ++this.#revision });
    if (this.#removed.length > MAX_REMOVED) this.#oldestRemoval = this.#removed.shift()!.at;
  }

  since(revision: number, now: Millis): StateDiff {
    for (const torrent of this.#viewed ? this.#touched : this.#torrents()) this.#look(torrent, now);
    this.#touched.clear();
    this.#viewed = true;
    const from = revision < this.#oldestRemoval ? 0 : revision;
    const changed: (Partial<TorrentSummary> & Pick<TorrentSummary, "id" | "number">)[] = [];
    for (const { summary, addedAt, changedAt, fieldsAt } of this.#tracked.values()) {
      if (changedAt <= from) continue;
      if (addedAt > from || fieldsAt === null) {
        changed.push(summary);
        continue;
      }
      const fresh = FIELDS.filter((_, i) => fieldsAt[i]! > from).map((field) => [field, summary[field]]);
      changed.push({ ...Object.fromEntries(fresh), id: summary.id, number: summary.number });
    }
    const removed = this.#removed.filter(({ at }) => at > from).map(({ id }) => id);
    return { revision: this.#revision, changed, removed };
  }

  /** Compares a torrent with what was last seen of it. */
  #look(torrent: Torrent, now: Millis): void {
    const summary: TorrentSummary = {
      number: torrent.number,
      id: primaryKey(torrent.infoHashes),
      name: torrent.name,
      state: torrent.state,
      ...torrent.stats(now),
    };
    const tracked = this.#tracked.get(torrent);
    if (tracked === undefined) {
      const at = ++this.#revision;
      this.#tracked.set(torrent, { summary, addedAt: at, changedAt: at, fieldsAt: null });
      return;
    }
    const before = tracked.summary;
    const changed = FIELDS.filter((field) => !isSame(field, before, summary));
    if (changed.length === 0) return;
    tracked.changedAt = ++this.#revision;
    tracked.summary = summary;
    tracked.fieldsAt ??= FIELDS.map(() => tracked.addedAt);
    for (const field of changed) tracked.fieldsAt[FIELDS.indexOf(field)] = tracked.changedAt;
  }
}

/** The reason for waiting is a fresh object each time. */
function isSame(field: keyof TorrentSummary, a: TorrentSummary, b: TorrentSummary): boolean {
  if (field !== "waiting" || a.waiting === null || b.waiting === null) return a[field] === b[field];
  return a.waiting.code === b.waiting.code && a.waiting.message === b.waiting.message;
}

import type { Millis } from "../base/brand.ts";
import { primaryKey } from "../meta/info-hash.ts";
import type { Torrent } from "./torrent-handle.ts";
import type { TorrentState, TorrentStats } from "./events.ts";

/** What a list of transfers shows of one torrent; plain values only. */
export interface TorrentSummary extends TorrentStats {
  /** Hex of the v1 info-hash, or of the truncated v2 info-hash where there is no v1. */
  readonly id: string;
  readonly name: string;
  readonly state: TorrentState;
}

export interface StateDiff {
  /** Give this to the next call. */
  readonly revision: number;
  /** Changed fields of each torrent that changed; all fields of a torrent that is new since then. */
  readonly changed: readonly (Partial<TorrentSummary> & { readonly id: string })[];
  /** Ids of torrents that went away. */
  readonly removed: readonly string[];
}

interface Tracked {
  summary: TorrentSummary;
  addedAt: number;
  /** Revision of the latest change of any field. */
  changedAt: number;
  readonly fields: Map<keyof TorrentSummary, number>;
}

/** Removals remembered; an older revision gets everything anew. */
const MAX_REMOVED = 1000;

/** Which field of which torrent changed at which revision, so that a viewer is told only what is new to it. */
export class StateChanges {
  #revision = 0;
  #oldestRemoval = 0;
  readonly #tracked: Map<Torrent, Tracked> = new Map();
  readonly #removed: { readonly id: string; readonly at: number }[] = [];

  /** Compares a torrent with what was last seen of it. */
  update(torrent: Torrent, now: Millis): void {
    const summary: TorrentSummary = {
      id: primaryKey(torrent.infoHashes),
      name: torrent.name,
      state: torrent.state,
      ...torrent.stats(now),
    };
    const tracked = this.#tracked.get(torrent);
    if (tracked === undefined) {
      const at = ++this.#revision;
      this.#tracked.set(torrent, { summary, addedAt: at, changedAt: at, fields: new Map() });
      return;
    }
    const changed = (Object.keys(summary) as (keyof TorrentSummary)[]).filter(
      (field) => summary[field] !== tracked.summary[field],
    );
    if (changed.length === 0) return;
    tracked.changedAt = ++this.#revision;
    tracked.summary = summary;
    for (const field of changed) tracked.fields.set(field, this.#revision);
  }

  remove(torrent: Torrent): void {
    const tracked = this.#tracked.get(torrent);
    if (tracked === undefined) return;
    this.#tracked.delete(torrent);
    this.#removed.push({ id: tracked.summary.id, at: ++this.#revision });
    if (this.#removed.length > MAX_REMOVED) this.#oldestRemoval = this.#removed.shift()!.at;
  }

  since(revision: number): StateDiff {
    const from = revision < this.#oldestRemoval ? 0 : revision;
    const changed: (Partial<TorrentSummary> & { readonly id: string })[] = [];
    for (const { summary, addedAt, changedAt, fields } of this.#tracked.values()) {
      if (changedAt <= from) continue;
      if (addedAt > from) {
        changed.push(summary);
        continue;
      }
      const fresh = [...fields].filter(([, at]) => at > from).map(([field]) => [field, summary[field]]);
      changed.push({ ...Object.fromEntries(fresh), id: summary.id });
    }
    const removed = this.#removed.filter(({ at }) => at > from).map(({ id }) => id);
    return { revision: this.#revision, changed, removed };
  }
}

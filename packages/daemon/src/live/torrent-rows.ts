import type { Session } from "@shoal/engine";
import { type Delta, type Torrent as TorrentView, TORRENT_COLUMNS } from "@shoal/schema";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";

type Cell = TorrentView[keyof TorrentView];

/** One transfer as it was last looked at. Revisions are counted from the start. */
interface Row {
  readonly transfer: Transfer;
  view: TorrentView;
  readonly addedAt: number;
  /** Of the latest change of any cell. */
  changedAt: number;
  /** For each of TORRENT_COLUMNS that of its latest change; null when none has changed since `addedAt`. */
  changedCellsAt: number[] | null;
  /** The view as JSON in UTF-8, once somebody wanted it. */
  json: Buffer | null;
}

/** Revisions that are remembered: who knows only an older one is told everything anew. */
const KEPT = 300;

/** Which columns, by name and by place in TORRENT_COLUMNS. */
export interface ColumnChoice {
  readonly names: readonly (keyof TorrentView)[];
  readonly places: readonly number[];
}

/** Throws nothing: names that are no columns are left out; the number of the transfer is always one. */
export function chooseColumns(names: readonly string[]): ColumnChoice {
  const places = TORRENT_COLUMNS.flatMap((name, i) =>
    name === "id" || names.length === 0 || names.includes(name) ? [i] : [],
  );
  return { names: places.map((i) => TORRENT_COLUMNS[i]!), places };
}

/**
 * All transfers as rows of plain cells, and which cell changed at which revision. Nothing is looked at but when `update` is called, and
 * then only what the engine or the daemon has touched since.
 */
export class TorrentRows {
  readonly #session: Session;
  readonly #transfers: Transfers;
  /** Revisions go on over restarts: one of an earlier run is below all of this one. */
  readonly #base: number;
  readonly #unwatch: () => void;
  readonly #marked: Set<Transfer> = new Set();
  readonly #rows: Map<number, Row> = new Map();
  readonly #byNumber: Map<number, Row> = new Map();
  readonly #removed: { readonly id: number; readonly at: number }[] = [];
  #answer: { readonly key: string; readonly revision: number; readonly body: Buffer } | null = null;
  #engineRevision = 0;
  #revision = 0;

  /** `now`: milliseconds since 1970. */
  constructor(session: Session, transfers: Transfers, now: number) {
    this.#session = session;
    this.#transfers = transfers;
    this.#base = now;
    for (const transfer of transfers.list()) this.#marked.add(transfer);
    this.#unwatch = transfers.onChange((transfer) => void this.#marked.add(transfer));
  }

  get revision(): number {
    return this.#base + this.#revision;
  }

  /** Looks at what was touched. */
  update(): void {
    const at = this.#revision + 1;
    const { revision, changed } = this.#session.changes(this.#engineRevision);
    this.#engineRevision = revision;
    for (const { number } of changed) {
      const row = this.#byNumber.get(number);
      if (row !== undefined) this.#marked.add(row.transfer);
    }
    for (const transfer of this.#marked) {
      if (this.#transfers.has(transfer)) this.#look(transfer, at);
      else this.#remove(transfer, at);
    }
    this.#marked.clear();
    while (this.#removed.length > 0 && this.#removed[0]!.at < at - KEPT) this.#removed.shift();
  }

  /** As of the last update. */
  views(): TorrentView[] {
    return Array.from(this.#rows.values(), ({ view }) => view);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** The cells of all rows, as of the last update. */
  table({ names }: ColumnChoice): Cell[][] {
    return Array.from(this.#rows.values(), ({ view }) => names.map((name) => view[name]));
  }

  /** The view of a transfer as JSON in UTF-8, made once for as long as nothing changes. */
  json(view: TorrentView): Buffer {
    const row = this.#rows.get(view.id);
    if (row?.view !== view) return Buffer.from(JSON.stringify(view));
    row.json ??= Buffer.from(JSON.stringify(view));
    return row.json;
  }

  /** What `make` makes of the rows: the last of its kind is kept for as long as nothing changes. */
  answer(key: string, make: () => Buffer): Buffer {
    if (this.#answer?.key !== key || this.#answer.revision !== this.#revision)
      this.#answer = { key, revision: this.#revision, body: make() };
    return this.#answer.body;
  }

  /** What changed since a revision; null when it is not remembered, or none of ours. */
  since(revision: number, { places, names }: ColumnChoice): Delta | null {
    const from = revision - this.#base;
    if (from < 0 || from > this.#revision || from < this.#revision - KEPT) return null;
    const changed: unknown[][] = [];
    for (const { view, addedAt, changedAt, changedCellsAt } of this.#rows.values()) {
      if (changedAt <= from) continue;
      const cells: unknown[] = [view.id];
      for (let i = 0; i < places.length; i++) {
        if (addedAt > from || changedCellsAt![places[i]!]! > from) cells.push(i, view[names[i]!]);
      }
      if (cells.length > 1) changed.push(cells);
    }
    const removed = this.#removed.filter(({ at }) => at > from).map(({ id }) => id);
    return [this.revision, changed, removed];
  }

  close(): void {
    this.#unwatch();
  }

  #look(transfer: Transfer, at: number): void {
    const view = transfer.view();
    const row = this.#rows.get(transfer.id);
    if (row === undefined || row.transfer !== transfer) {
      this.#revision = at;
      const fresh = { transfer, view, addedAt: at, changedAt: at, changedCellsAt: null, json: null };
      this.#rows.set(transfer.id, fresh);
      this.#byNumber.set(transfer.torrent.number, fresh);
      return;
    }
    const before = row.view;
    for (let i = 0; i < TORRENT_COLUMNS.length; i++) {
      const column = TORRENT_COLUMNS[i]!;
      if (isSame(before[column], view[column])) continue;
      this.#revision = at;
      row.changedCellsAt ??= TORRENT_COLUMNS.map(() => row.addedAt);
      row.changedCellsAt[i] = at;
      row.changedAt = at;
    }
    if (row.changedAt !== at) return;
    row.view = view;
    row.json = null;
  }

  #remove(transfer: Transfer, at: number): void {
    const row = this.#rows.get(transfer.id);
    if (row?.transfer !== transfer) return;
    this.#revision = at;
    this.#rows.delete(transfer.id);
    this.#byNumber.delete(transfer.torrent.number);
    this.#removed.push({ id: transfer.id, at });
  }
}

/** What is no plain value is a fresh object each time. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) =>
    isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

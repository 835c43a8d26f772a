import type { Delta, Snapshot } from "../events.ts";
import type { Torrent } from "../torrent.ts";

/** What a reader of the event stream knows of all transfers: a snapshot, and every delta since. */
export class TorrentTable {
  #columns: readonly string[] = [];
  #revision = 0;
  readonly #rows: Map<number, Record<string, unknown>> = new Map();

  /** Give this as `since` to the next stream. */
  get revision(): number {
    return this.#revision;
  }

  /** Of each transfer, the columns that were asked for. */
  rows(): Partial<Torrent>[] {
    return [...this.#rows.values()];
  }

  get(id: number): Partial<Torrent> | undefined {
    return this.#rows.get(id);
  }

  onSnapshot({ columns, rows, revision }: Snapshot): void {
    this.#columns = columns;
    this.#revision = revision;
    this.#rows.clear();
    const idAt = columns.indexOf("id");
    for (const cells of rows)
      this.#rows.set(
        cells[idAt] as number,
        Object.fromEntries(columns.map((column, i) => [column, cells[i]])),
      );
  }

  /** Numbers of the rows that changed or are gone. */
  onDelta([revision, changed, removed]: Delta): number[] {
    this.#revision = revision;
    for (const [id, ...cells] of changed) {
      const row = this.#rows.get(id as number) ?? {};
      for (let i = 0; i < cells.length; i += 2) {
        const column = this.#columns[cells[i] as number];
        if (column !== undefined) row[column] = cells[i + 1];
      }
      this.#rows.set(id as number, row);
    }
    for (const id of removed) this.#rows.delete(id);
    return [...changed.map(([id]) => id as number), ...removed];
  }
}

import type { Log } from "@shoal/engine";
import type { Compiled, Database } from "@shoal/server";
import { type Insertable, type Selectable, sql } from "kysely";
import { ChangeMarks } from "./change-marks.ts";
import type { Tables, TorrentTable } from "./state/tables.ts";
import type { Transfer } from "./transfer.ts";
import { columnsOf } from "./transfer-record.ts";

/** What changed is written so often. */
const SAVE_EVERY_MS = 2_000;

export interface TransferRowsParts {
  readonly database: Database<Tables>;
  /** Whether it is on the list. */
  readonly isListed: (transfer: Transfer) => boolean;
  readonly log: Log;
}

/** The rows of transfers in the database. What changes is written every now and then, or when somebody waits for it. */
export class TransferRows {
  readonly #parts: TransferRowsParts;
  /** What is to be written; whoever shows transfers learns from it what to look at again. */
  readonly #dirty: ChangeMarks<Transfer> = new ChangeMarks();
  #saving: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: TransferRowsParts) {
    this.#parts = parts;
  }

  /** Of what is on the list, in the order of the queue. */
  listed(): Promise<Selectable<TorrentTable>[]> {
    return this.#parts.database.query
      .selectFrom("torrents")
      .selectAll()
      .where("removedAt", "is", null)
      .orderBy("rank")
      .execute();
  }

  /** The names of the columns. */
  async columns(): Promise<ReadonlySet<string>> {
    const columns = sql<{ name: string }>`select name from pragma_table_info('torrents')`;
    const { rows } = await columns.execute(this.#parts.database.query);
    return new Set(rows.map(({ name }) => name));
  }

  insert(row: Insertable<TorrentTable>): Promise<Selectable<TorrentTable>> {
    const { query } = this.#parts.database;
    return query.insertInto("torrents").values(row).returningAll().executeTakeFirstOrThrow();
  }

  async delete(id: number): Promise<void> {
    await this.#parts.database.query.deleteFrom("torrents").where("id", "=", id).execute();
  }

  /** Something of ours, not the engine's, may have changed about a transfer, which may be gone. Returns what ends it. */
  onChange(listener: (transfer: Transfer) => void): () => void {
    return this.#dirty.on(listener);
  }

  /** It has changed; the caller saves it. */
  mark(transfer: Transfer): void {
    this.#dirty.add(transfer);
  }

  /** It has changed, and is written soon. */
  touch(transfer: Transfer): void {
    this.#dirty.add(transfer);
    // What the end itself changes, the next start finds out; the database may be closed by then.
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.save().catch((error: unknown) => this.#parts.log.error("state could not be saved", { error }));
    }, SAVE_EVERY_MS);
  }

  /** It is off the list: nothing more is written of it. */
  forget(transfer: Transfer): void {
    this.#dirty.delete(transfer);
  }

  /** Writes what has changed. */
  save(): Promise<void> {
    // One that failed is tried again with the next.
    this.#saving = this.#saving.catch(() => {}).then(() => this.#save());
    return this.#saving;
  }

  /** From now on nothing is written unless `save` is called. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #save(): Promise<void> {
    const changed = this.#dirty.take();
    try {
      await this.#parts.database.batch(changed.map((transfer) => this.#update(transfer)));
    } catch (error) {
      for (const transfer of changed) if (this.#parts.isListed(transfer)) this.#dirty.add(transfer);
      throw error;
    }
  }

  #update({ record, torrent, hasTorrentFile }: Transfer): Compiled {
    // Until its .torrent file is there, the link is what it can be taken up by.
    const row = hasTorrentFile ? torrent.row() : null;
    return this.#parts.database.query
      .updateTable("torrents")
      .set({
        ...columnsOf(record),
        rank: torrent.rank,
        name: torrent.name,
        downloadDir: torrent.downloadDir,
        row: row === null ? null : JSON.stringify(row),
      })
      .where("id", "=", record.id)
      .compile();
  }
}

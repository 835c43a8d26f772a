import type { Log } from "@shoal/engine";
import type { HistoryEntry } from "@shoal/schema";
import { ApiError, type Database } from "@shoal/server";
import { sql } from "kysely";
import type { HistoryTable, Tables } from "../state/tables.ts";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";
import { historyRow } from "./history-row.ts";

export interface HistoryParts {
  readonly database: Database<Tables>;
  readonly transfers: Transfers;
  /** Entries that are kept. */
  readonly limit: () => number;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface HistoryFilter {
  readonly outcome?: HistoryTable["outcome"] | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  readonly limit: number;
}

/** What has become of transfers: finished, failed and why, cancelled. Outlives them. */
export class History {
  readonly #parts: HistoryParts;
  readonly #unlisten: () => void;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#unlisten = parts.transfers.on((event) => {
      const { type, transfer } = event;
      if (type === "finished") this.#write(() => this.#finished(transfer));
      if (type === "removed") this.#write(() => this.#trim());
      if (type !== "torrent" || event.event.type !== "error") return;
      const { error } = event.event;
      this.#write(() => this.#failed(transfer, error));
    });
  }

  /** The last one first. */
  async list({ outcome, since, limit }: HistoryFilter): Promise<HistoryEntry[]> {
    await this.#writing;
    let query = this.#parts.database.query.selectFrom("history").selectAll();
    if (outcome !== undefined) query = query.where("outcome", "=", outcome);
    if (since !== undefined) query = query.where("at", ">=", since);
    const rows = await query.orderBy("at", "desc").orderBy("id", "desc").limit(limit).execute();
    return rows.map(({ key, torrent, ...row }) => {
      const isListed = this.#parts.transfers.list().some(({ id }) => id === torrent);
      return { ...row, infoHash: key, torrent: isListed ? torrent : null };
    });
  }

  /** Adds again what an entry is about, with all that its user wanted of it; one that is still on the list goes on. Throws ApiError ERR_NOT_FOUND. */
  async retry(id: number): Promise<Transfer> {
    const { database, transfers } = this.#parts;
    const { query } = database;
    const entry = await query.selectFrom("history").selectAll().where("id", "=", id).executeTakeFirst();
    if (entry === undefined) throw unknown(id);
    const { torrent, key } = entry;
    const listed = transfers
      .list()
      .find((transfer) => transfer.id === torrent || transfer.record.key === key);
    if (listed !== undefined) {
      await transfers.resume(listed);
      return listed;
    }
    const removed = transfers.trash.list().find((one) => one.id === torrent);
    if (removed !== undefined) {
      const transfer = await transfers.trash.restore(removed.id);
      await transfers.resume(transfer);
      return transfer;
    }
    const retired =
      torrent === null
        ? undefined
        : await query.selectFrom("retired").selectAll().where("torrent", "=", torrent).executeTakeFirst();
    if (retired === undefined)
      throw new ApiError(
        404,
        "ERR_NOT_FOUND",
        `How ${entry.name} was added is not known any more`,
        `Add it again: shoal get ${key}`,
      );
    return transfers.addAgain(retired.wishes, retired.metainfo);
  }

  async clear(): Promise<void> {
    await this.#writing;
    const { database } = this.#parts;
    const { query } = database;
    await database.batch([query.deleteFrom("history").compile()]);
    await this.#trim();
  }

  async close(): Promise<void> {
    this.#unlisten();
    await this.#writing;
  }

  async #finished(transfer: Transfer): Promise<void> {
    // A crash may have come between this and the end of what follows from it.
    if ((await this.#last(transfer))?.outcome !== "finished")
      await this.#add(historyRow(transfer, "finished", this.#parts.now()));
  }

  async #failed(transfer: Transfer, error: { code: string; message: string }): Promise<void> {
    const { database, now } = this.#parts;
    const last = await this.#last(transfer);
    const row = historyRow(transfer, "failed", now(), error);
    // What fails again and again is one entry.
    if (last?.outcome === "failed" && last.code === error.code)
      await database.query.updateTable("history").set(row).where("id", "=", last.id).execute();
    else await this.#add(row);
  }

  #last({ id }: Transfer): Promise<{ id: number; outcome: string; code: string | null } | undefined> {
    return this.#parts.database.query
      .selectFrom("history")
      .select(["id", "outcome", "code"])
      .where("torrent", "=", id)
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
  }

  async #add(row: ReturnType<typeof historyRow>): Promise<void> {
    await this.#parts.database.query.insertInto("history").values(row).execute();
    await this.#trim();
  }

  async #trim(): Promise<void> {
    const { database, limit, transfers } = this.#parts;
    await sql`delete from history where id not in (select id from history order by id desc limit ${limit()})`.execute(
      database.query,
    );
    await transfers.trash.forgetRetired();
  }

  #write(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#parts.log.error("the history could not be written", { error });
    });
  }
}

function unknown(id: number): ApiError {
  return new ApiError(404, "ERR_NOT_FOUND", `The history has no entry ${id}`, "See it with: shoal history");
}

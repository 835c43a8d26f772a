import type { Log, Session } from "@shoal/engine";
import type { DeliveryLogEntry } from "@shoal/schema";
import type { Compiled, Database } from "@shoal/server";
import type { Counters } from "./counters.ts";
import type { Tables } from "../state/tables.ts";
import { type DeliveryRow, deliveryRows } from "./delivery-row.ts";

/** Rows are written together, so long after the first of them was noted. */
const GATHER_MS = 250;
/** Rows that may wait for the writer: half a gigabyte of the smallest usual pieces. */
const MAX_WAITING = 32_768;

const INSERT = `insert into deliveries (at, up, key, fileId, path, piece, kind, peer, client, bytes)
 select ${Array.from({ length: 10 }, (_, at) => `json_extract(value, '$[${at}]')`).join(", ")} from json_each(?)`;
const TRIM = "delete from deliveries where id <= (select max(id) from deliveries) - ?";

export interface TransferLogParts {
  readonly session: Session;
  readonly database: Database<Tables>;
  readonly counters: Counters;
  /** Rows that are kept. */
  readonly capacity: () => number;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Which rows are asked for: all that match. */
export interface TransferLogFilter {
  /** Hex of the primary info-hash. */
  readonly key?: string | undefined;
  /** A file id or the beginning of one. */
  readonly file?: string | undefined;
  /** The beginning of an address. */
  readonly peer?: string | undefined;
  readonly type?: DeliveryLogEntry["type"] | undefined;
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Those after this one, the oldest first to be chosen; else the newest ones. */
  readonly after?: number | undefined;
  /** Those before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** What is known of the log as a whole. */
export interface TransferLogState {
  /** Rows that made room for newer ones. */
  readonly overwritten: number;
  /** The oldest row that is kept, RFC 3339. */
  readonly oldestAt: string | null;
  /** Rows that could not be written in time, and since when some are missing. */
  readonly dropped: number;
  readonly droppedAt: string | null;
}

/** Who gave and got which piece: a ring of rows in the database. */
export class TransferLog {
  readonly #parts: TransferLogParts;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  #warned = false;
  #closed = false;

  constructor(parts: TransferLogParts) {
    this.#parts = parts;
    parts.session.deliveries.open(MAX_WAITING, () => this.#schedule());
  }

  /** In the order in which it happened. */
  async rows(filter: TransferLogFilter): Promise<DeliveryLogEntry[]> {
    const { key, file, peer, type, since, after, before, limit } = filter;
    let query = this.#parts.database.query.selectFrom("deliveries").selectAll();
    if (key !== undefined) query = query.where("key", "=", key);
    if (file !== undefined) query = query.where("fileId", ">=", file).where("fileId", "<", `${file}~`);
    if (peer !== undefined) query = query.where("peer", ">=", peer).where("peer", "<", `${peer}~`);
    if (type !== undefined) query = query.where("up", "=", type === "upload" ? 1 : 0);
    if (since !== undefined) query = query.where("at", ">=", since);
    if (after !== undefined) query = query.where("id", ">", after);
    if (before !== undefined) query = query.where("id", "<", before);
    const order = after === undefined ? "desc" : "asc";
    const rows = await query.orderBy("id", order).limit(limit).execute();
    if (order === "desc") rows.reverse();
    return rows.map((row) => ({
      seq: row.id,
      at: new Date(row.at).toISOString(),
      type: row.up === 1 ? "upload" : "download",
      infoHash: row.key,
      fileId: row.fileId,
      path: row.path,
      piece: row.piece,
      peer: row.peer,
      peerKind: row.kind,
      client: row.client,
      bytes: row.bytes,
    }));
  }

  async state(): Promise<TransferLogState> {
    const { database, counters } = this.#parts;
    const oldest = await database.query
      .selectFrom("deliveries")
      .select(["id", "at"])
      .orderBy("id")
      .limit(1)
      .executeTakeFirst();
    const droppedAt = counters.get("deliveriesDroppedAt");
    return {
      overwritten: (oldest?.id ?? 1) - 1,
      oldestAt: oldest === undefined ? null : new Date(oldest.at).toISOString(),
      dropped: counters.get("deliveriesDropped"),
      droppedAt: droppedAt === 0 ? null : new Date(droppedAt).toISOString(),
    };
  }

  /** Writes what was noted so far. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** After the session has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.flush();
  }

  #schedule(): void {
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      // While a batch is being written, the next one gathers.
      void this.flush().finally(() => {
        this.#timer = null;
        if (this.#parts.session.deliveries.isWaiting) this.#schedule();
      });
    }, GATHER_MS);
  }

  async #write(): Promise<void> {
    const { session, database, capacity, now } = this.#parts;
    const { deliveries, dropped } = session.deliveries.take();
    if (deliveries.length === 0 && dropped === 0) return;
    const rows = deliveryRows(deliveries, now());
    try {
      await database.batch(insertRows(rows, capacity()));
      if (dropped > 0) this.#onDropped(dropped, "it was too slow");
    } catch (error) {
      // What can't be written is lost, not the transfers.
      this.#onDropped(dropped + rows.length, error instanceof Error ? error.message : String(error));
    }
  }

  #onDropped(dropped: number, why: string): void {
    const { counters, log, now } = this.#parts;
    if (!this.#warned) log.warn("rows of the transfer log were dropped", { dropped, why });
    this.#warned = true;
    counters.add("deliveriesDropped", dropped);
    if (counters.get("deliveriesDroppedAt") === 0) counters.add("deliveriesDroppedAt", now());
  }
}

function insertRows(rows: readonly DeliveryRow[], capacity: number): Compiled[] {
  if (rows.length === 0) return [];
  return [
    { sql: INSERT, parameters: [JSON.stringify(rows)] },
    { sql: TRIM, parameters: [capacity] },
  ];
}

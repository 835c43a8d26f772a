import type { Log } from "@shoal/engine";
import type { EventLogEntry, Notice } from "@shoal/schema";
import type { Database } from "@shoal/server";
import type { Notices } from "../live/notices.ts";
import type { Tables } from "../state/tables.ts";

/** Rows are written together, so long after the first of them. */
const GATHER_MS = 250;
/** Rows that may wait; what comes on top is not kept. */
const MAX_WAITING = 10_000;
const INSERT = `insert into events (at, kind, code, message, torrent)
 select json_extract(value, '$.at'), json_extract(value, '$.kind'), json_extract(value, '$.code'),
 json_extract(value, '$.message'), json_extract(value, '$.torrent') from json_each(?)`;
const TRIM = "delete from events where id <= (select max(id) from events) - ?";

export interface EventLogParts {
  readonly notices: Notices;
  readonly database: Database<Tables>;
  /** Rows that are kept. */
  readonly capacity: () => number;
  readonly log: Log;
}

/** Which events are asked for. */
export interface EventLogFilter {
  /** Number of a transfer, which may be gone. */
  readonly torrent?: number | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** What happened, for people: kept from run to run. */
export class EventLog {
  readonly #parts: EventLogParts;
  readonly #unlisten: () => void;
  #waiting: Notice[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: EventLogParts) {
    this.#parts = parts;
    this.#unlisten = parts.notices.on((notice) => this.#onNotice(notice));
  }

  /** In the order in which they happened. */
  async rows({ torrent, since, after, before, limit }: EventLogFilter): Promise<EventLogEntry[]> {
    await this.flush();
    let query = this.#parts.database.query.selectFrom("events").selectAll();
    if (torrent !== undefined) query = query.where("torrent", "=", torrent);
    if (since !== undefined) query = query.where("at", ">=", since);
    if (after !== undefined) query = query.where("id", ">", after);
    if (before !== undefined) query = query.where("id", "<", before);
    const order = after === undefined ? "desc" : "asc";
    const rows = await query.orderBy("id", order).limit(limit).execute();
    if (order === "desc") rows.reverse();
    return rows.map(({ id, ...row }) => ({ seq: id, ...row }));
  }

  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    this.#unlisten();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.flush();
  }

  #onNotice(notice: Notice): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(notice);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, GATHER_MS);
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const { database, capacity, log } = this.#parts;
    const rows = this.#waiting;
    this.#waiting = [];
    try {
      await database.batch([
        { sql: INSERT, parameters: [JSON.stringify(rows)] },
        { sql: TRIM, parameters: [capacity()] },
      ]);
    } catch (error) {
      log.warn("events could not be kept", { error, events: rows.length });
    }
  }
}

import type { Log } from "@shoal/engine";
import type { AuditEntry } from "@shoal/schema";
import type { Database } from "@shoal/server";
import type { Tables } from "../state/tables.ts";

/** Rows are written together, so long after the first of them. */
const GATHER_MS = 250;
/** Rows that may wait; what comes on top is not kept. */
const MAX_WAITING = 1_000;
/** Rows that are kept. */
const CAPACITY = 10_000;
const INSERT = `insert into audit (at, who, client, action, target, status)
 select json_extract(value, '$.at'), json_extract(value, '$.who'), json_extract(value, '$.client'),
 json_extract(value, '$.action'), json_extract(value, '$.target'), json_extract(value, '$.status')
 from json_each(?)`;
const TRIM = "delete from audit where id <= (select max(id) from audit) - ?";

/** Who changed what, and who was let in: kept from run to run. */
export class AuditLog {
  readonly #database: Database<Tables>;
  readonly #log: Log;
  readonly #now: () => number;
  #waiting: Omit<AuditEntry, "seq">[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  /** `now`: milliseconds since 1970. */
  constructor(database: Database<Tables>, log: Log, now: () => number) {
    this.#database = database;
    this.#log = log;
    this.#now = now;
  }

  add(entry: Omit<AuditEntry, "seq" | "at">): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push({ at: new Date(this.#now()).toISOString(), ...entry });
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#flush();
    }, GATHER_MS);
  }

  /** The newest rows, before a row where one is named, the oldest first. */
  async rows(limit: number, before?: number): Promise<AuditEntry[]> {
    await this.#flush();
    let query = this.#database.query.selectFrom("audit").selectAll();
    if (before !== undefined) query = query.where("id", "<", before);
    const rows = await query.orderBy("id", "desc").limit(limit).execute();
    return rows.toReversed().map(({ id, ...row }) => ({ seq: id, ...row }));
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#flush();
  }

  #flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting;
    this.#waiting = [];
    try {
      await this.#database.batch([
        { sql: INSERT, parameters: [JSON.stringify(rows)] },
        { sql: TRIM, parameters: [CAPACITY] },
      ]);
    } catch (error) {
      this.#log.warn("who did what could not be kept", { error, rows: rows.length });
    }
  }
}

import type { KeptNotice } from "@shoal/schema";
import type { Database } from "@shoal/server";
import type { Notices } from "../live/notices.ts";
import type { Tables } from "../state/tables.ts";

/** Kept at most; the oldest go first. */
const MOST = 200;

/** Something that a person should hear of though nobody was watching. */
interface NewNotice extends Pick<KeptNotice, "kind" | "message"> {
  readonly torrentId?: number | null;
}

/** What people are told when they look in again: kept until they have seen it. */
export class NoticeBoard {
  readonly #database: Database<Tables>;
  readonly #now: () => number;
  readonly #live: Notices;
  #list: KeptNotice[];
  #nextId: number;
  #saved: Promise<void> = Promise.resolve();

  private constructor(database: Database<Tables>, live: Notices, now: () => number, list: KeptNotice[]) {
    this.#database = database;
    this.#live = live;
    this.#now = now;
    this.#list = list;
    this.#nextId = (list.at(-1)?.id ?? 0) + 1;
  }

  /** `live`: where those hear of it who watch. `now`: milliseconds since 1970. */
  static async open(database: Database<Tables>, live: Notices, now: () => number): Promise<NoticeBoard> {
    const rows = await database.query.selectFrom("notices").selectAll().orderBy("id").execute();
    return new NoticeBoard(
      database,
      live,
      now,
      rows.map(({ kind, ...row }) => ({ ...row, kind: kind as KeptNotice["kind"] })),
    );
  }

  /** In the order in which they came. */
  list(): readonly KeptNotice[] {
    return this.#list;
  }

  /** What is said already of the same and was not seen yet is not said twice. */
  add({ kind, message, torrentId = null }: NewNotice): void {
    const isSame = (notice: KeptNotice): boolean =>
      notice.seenAt === null &&
      notice.kind === kind &&
      notice.torrentId === torrentId &&
      notice.message === message;
    if (this.#list.some(isSame)) return;
    const notice: KeptNotice = {
      id: this.#nextId++,
      at: this.#time(),
      kind,
      message,
      torrentId,
      seenAt: null,
    };
    this.#list.push(notice);
    const gone = this.#list.splice(0, Math.max(0, this.#list.length - MOST));
    const { query } = this.#database;
    this.#save([
      query.insertInto("notices").values(notice).compile(),
      query
        .deleteFrom("notices")
        .where("id", "<=", gone.at(-1)?.id ?? 0)
        .compile(),
    ]);
    // Of transfers that finish and fail everybody who watches hears anyway.
    if (kind !== "finished" && kind !== "failed")
      this.#live.tell("warning", message, torrentId === null ? {} : { torrent: torrentId });
  }

  /** Somebody has read those up to this number. Resolves when that is on disk. */
  async seen(upTo: number): Promise<void> {
    const seenAt = this.#time();
    this.#list = this.#list.map((notice) =>
      notice.id <= upTo && notice.seenAt === null ? { ...notice, seenAt } : notice,
    );
    const { query } = this.#database;
    this.#save([
      query
        .updateTable("notices")
        .set({ seenAt })
        .where("id", "<=", upTo)
        .where("seenAt", "is", null)
        .compile(),
    ]);
    await this.#saved;
  }

  async close(): Promise<void> {
    await this.#saved.catch(() => {});
  }

  #save(statements: Parameters<Database<Tables>["batch"]>[0]): void {
    // One that can't be kept is still told while the process lives.
    this.#saved = this.#saved.catch(() => {}).then(() => this.#database.batch(statements));
    this.#saved.catch(() => {});
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}

import type { Log, Session } from "@shoal/engine";
import type { Stats } from "@shoal/schema";
import type { Compiled, Database } from "@shoal/server";
import { sql } from "kysely";
import type { Tables } from "../state/tables.ts";
import type { Counters } from "./counters.ts";

/** What was moved is written so often, and how long it ran at least every minute. */
const SAVE_EVERY_MS = 2_000;
const SAVE_TIME_EVERY_MS = 60_000;
const DAY_MS = 86_400_000;
/** Days of which each is told. */
const DAYS_SHOWN = 30;

export interface TotalsParts {
  readonly session: Session;
  readonly database: Database<Tables>;
  readonly counters: Counters;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Bytes of payload, in both directions. */
interface Moved {
  readonly downloaded: number;
  readonly uploaded: number;
}

/** What the node has moved, by day and in all; a crash costs the last two seconds of it. */
export class Totals {
  readonly #parts: TotalsParts;
  readonly #startedAt: number;
  readonly #timer: NodeJS.Timeout;
  /** Of this run, as far as it was written. */
  #written: Moved = { downloaded: 0, uploaded: 0 };
  #timeWrittenAt: number;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: TotalsParts) {
    this.#parts = parts;
    this.#startedAt = parts.now();
    this.#timeWrittenAt = this.#startedAt;
    parts.counters.add("sessions", 1);
    this.#timer = setInterval(() => this.#onTimer(), SAVE_EVERY_MS).unref();
  }

  /** Of this run. */
  get current(): Moved & { readonly startedAt: number } {
    const { down, up } = this.#parts.session.traffic;
    return { downloaded: down.total, uploaded: up.total, startedAt: this.#startedAt };
  }

  async stats(): Promise<Omit<Stats, "schema">> {
    await this.save();
    const { counters, database, session, now } = this.#parts;
    const days = await database.query
      .selectFrom("days")
      .selectAll()
      .where("day", ">", dayOf(now() - DAYS_SHOWN * DAY_MS))
      .orderBy("day")
      .execute();
    const all = await database.query
      .selectFrom("days")
      .select([
        sql<number>`coalesce(sum(downloaded), 0)`.as("downloaded"),
        sql<number>`coalesce(sum(uploaded), 0)`.as("uploaded"),
      ])
      .executeTakeFirstOrThrow();
    const last = (count: number): Moved => {
      const from = dayOf(now() - (count - 1) * DAY_MS);
      return sum(days.filter(({ day }) => day >= from));
    };
    const { down, up } = session.traffic;
    const monotonic = performance.now();
    const { startedAt, ...current } = this.current;
    return {
      downRate: Math.round(down.rate(monotonic)),
      upRate: Math.round(up.rate(monotonic)),
      session: {
        ...current,
        startedAt: new Date(startedAt).toISOString(),
        activeMs: Math.max(0, now() - startedAt),
      },
      today: last(1),
      week: last(7),
      month: last(DAYS_SHOWN),
      all: {
        ...all,
        sessions: counters.get("sessions"),
        activeMs: counters.get("activeMs"),
        added: await this.#added(),
      },
      days,
    };
  }

  /** Transfers that ever were: each had a number of its own. */
  async #added(): Promise<number> {
    const { rows } = await sql<{
      seq: number;
    }>`select seq from sqlite_sequence where name = 'torrents'`.execute(this.#parts.database.query);
    return rows[0]?.seq ?? 0;
  }

  /** Writes what was not written yet. */
  save(): Promise<void> {
    this.#saving = this.#saving.catch(() => {}).then(() => this.#save());
    return this.#saving;
  }

  /** After the session has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }

  #onTimer(): void {
    const { downloaded, uploaded } = this.current;
    const isNews = downloaded !== this.#written.downloaded || uploaded !== this.#written.uploaded;
    const isDue = this.#parts.now() - this.#timeWrittenAt >= SAVE_TIME_EVERY_MS;
    if (!isNews && !isDue && !this.#parts.counters.hasChanges) return;
    this.save().catch((error: unknown) => this.#parts.log.error("totals could not be saved", { error }));
  }

  async #save(): Promise<void> {
    const { counters, database, now } = this.#parts;
    const { downloaded, uploaded } = this.current;
    const moved = {
      downloaded: downloaded - this.#written.downloaded,
      uploaded: uploaded - this.#written.uploaded,
    };
    const time = now();
    counters.add("activeMs", Math.max(0, time - this.#timeWrittenAt));
    this.#timeWrittenAt = time;
    await database.batch([...this.#day(dayOf(time), moved), ...counters.changes()]);
    this.#written = { downloaded, uploaded };
  }

  #day(day: string, { downloaded, uploaded }: Moved): Compiled[] {
    if (downloaded === 0 && uploaded === 0) return [];
    return [
      this.#parts.database.query
        .insertInto("days")
        .values({ day, downloaded, uploaded })
        .onConflict((conflict) =>
          conflict.column("day").doUpdateSet({
            downloaded: sql`downloaded + ${downloaded}`,
            uploaded: sql`uploaded + ${uploaded}`,
          }),
        )
        .compile(),
    ];
  }
}

/** "2026-01-31", in UTC. */
function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function sum(moved: readonly Moved[]): Moved {
  return moved.reduce(
    (all, one) => ({
      downloaded: all.downloaded + one.downloaded,
      uploaded: all.uploaded + one.uploaded,
    }),
    { downloaded: 0, uploaded: 0 },
  );
}

import { Kysely, type Migration, Migrator } from "kysely";
import { backupFile, dropOlderBackups, ensureFile, isDamage, setAside } from "./database-file.ts";
import { SqliteThreadDialect } from "./sqlite-dialect.ts";
import { SqliteError, SqliteThread } from "./sqlite-thread.ts";

/** Changes of the tables, by names that sort in the order in which they were made. One that was released never changes again. */
export type Migrations = Readonly<Record<string, Migration>>;

/** A statement that Kysely has compiled. */
export interface Compiled {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** An open database with its tables `T`. */
export interface Database<T> {
  readonly query: Kysely<T>;
  /** Many statements in one transaction, at the price of one. */
  batch(statements: readonly Compiled[]): Promise<void>;
  /** Resolves when everything that was asked before is on disk. */
  close(): Promise<void>;
}

/** The database can't be used by this version of the program; nothing was changed. */
class NewerDatabaseError extends Error {
  readonly code = "ERR_VERSION";

  constructor(path: string, unknown: string) {
    super(`${path} was written by a newer version of Shoal (${unknown}), and is left as it is`);
    this.name = "NewerDatabaseError";
  }
}

/** Who is told that a damaged file was set aside, under which name, and why. */
export type OnDamaged = (aside: string, why: string) => void;

/**
 * Opens the database file (":memory:" for none), creates it where it is missing, and brings its tables up to date; a copy of what they were is
 * kept beside it. Every commit is durable. A damaged file is set aside and a new one begun when somebody is told of that. Throws SqliteError,
 * and ERR_VERSION when a newer version has changed the tables in a way that is not known here.
 */
export async function openDatabase<T>(
  path: string,
  migrations: Migrations,
  onDamaged: OnDamaged | null = null,
): Promise<Database<T>> {
  if (path !== ":memory:") await ensureFile(path);
  try {
    return await openFile(path, migrations);
  } catch (error) {
    if (onDamaged === null || path === ":memory:" || !isDamage(error)) throw error;
    onDamaged(await setAside(path), (error as Error).message);
    await ensureFile(path);
    return openFile(path, migrations);
  }
}

async function openFile<T>(path: string, migrations: Migrations): Promise<Database<T>> {
  const thread = new SqliteThread(path);
  const query = new Kysely<T>({ dialect: new SqliteThreadDialect(thread) });
  try {
    await assertSound(thread);
    await bringUpToDate(path, query, thread, migrations);
  } catch (error) {
    await query.destroy();
    // Kysely ends only what it has begun.
    await thread.close();
    throw error;
  }
  return {
    query,
    // Not as part of somebody's transaction: it has to have the connection to itself.
    batch: (statements) => query.connection().execute(async () => void (await thread.batch(statements))),
    close: () => query.destroy(),
  };
}

/** Throws SqliteError when pages are damaged that would only be met later. */
async function assertSound(thread: SqliteThread): Promise<void> {
  const { rows } = await thread.run({ sql: "pragma quick_check(1)", parameters: [] });
  const [found] = Object.values(rows[0] ?? {});
  if (found !== "ok") throw new SqliteError(String(found), "11");
}

async function bringUpToDate<T>(
  path: string,
  query: Kysely<T>,
  thread: SqliteThread,
  migrations: Migrations,
): Promise<void> {
  const migrator = new Migrator({
    db: query,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  const done = await doneMigrations(thread);
  const unknown = done.find((name) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined) throw new NewerDatabaseError(path, unknown);
  const next = Object.keys(migrations)
    .sort()
    .find((name) => !done.includes(name));
  const backup = next === undefined || done.length === 0 || path === ":memory:" ? null : next;
  const copy = backup === null ? null : await backupFile(path, backup);
  if (copy !== null) await thread.run({ sql: "vacuum into ?", parameters: [copy] });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error as Error;
  if (copy !== null) await dropOlderBackups(path, copy);
}

/** In the order in which they were done; empty for a new database. */
async function doneMigrations(thread: SqliteThread): Promise<string[]> {
  const tables = await thread.run({
    sql: "select name from sqlite_master where name = 'kysely_migration'",
    parameters: [],
  });
  if (tables.rows.length === 0) return [];
  const { rows } = await thread.run({
    sql: "select name from kysely_migration order by name",
    parameters: [],
  });
  return rows.map(({ name }) => String(name));
}

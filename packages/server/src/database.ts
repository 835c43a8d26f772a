import { open } from "node:fs/promises";
import { Kysely, type Migration, Migrator } from "kysely";
import { SqliteThreadDialect } from "./sqlite-dialect.ts";
import { SqliteThread } from "./sqlite-thread.ts";

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

/**
 * Opens the database file (":memory:" for none), creates it where it is missing, and brings its tables up to date. Every commit is durable. Throws
 * SqliteError, also when a newer version has changed the tables in a way that is not known here.
 */
export async function openDatabase<T>(path: string, migrations: Migrations): Promise<Database<T>> {
  // What SQLite makes itself others could read.
  if (path !== ":memory:") await (await open(path, "a", 0o600)).close();
  const thread = new SqliteThread(path);
  const query = new Kysely<T>({ dialect: new SqliteThreadDialect(thread) });
  try {
    const migrator = new Migrator({
      db: query,
      provider: { getMigrations: async () => ({ ...migrations }) },
    });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error as Error;
  } catch (error) {
    await query.destroy();
    throw error;
  }
  return {
    query,
    // Not as part of somebody's transaction: it has to have the connection to itself.
    batch: (statements) => query.connection().execute(async () => void (await thread.batch(statements))),
    close: () => query.destroy(),
  };
}

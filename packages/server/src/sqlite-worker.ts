// Runs in a thread of its own: SQLite's calls block, and the disk may take its time.
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type {
  SqliteAnswer,
  SqliteFailure,
  SqliteRequest,
  Statement,
  StatementResult,
} from "./sqlite-messages.ts";

interface PreparedStatement {
  all(...parameters: unknown[]): Record<string, unknown>[];
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  columns(): unknown[];
}

interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): PreparedStatement;
  close(): void;
}

/** Prepared statements kept. */
const MAX_PREPARED = 200;

const port = parentPort!;
const { path } = workerData as { readonly path: string };
const prepared: Map<string, PreparedStatement> = new Map();
/** What kept the file from being opened is the answer to everything. */
let failure: SqliteFailure | null = null;
const database = tryOpen(path);

port.on("message", (request: SqliteRequest) => {
  port.postMessage(answer(request));
  if (request.kind === "close") port.close();
});

function tryOpen(file: string): SqliteDatabase | null {
  try {
    return open(file);
  } catch (error) {
    failure = failureOf(error);
    return null;
  }
}

/** Node's own SQLite where there is one, else the package with the same interface. */
function open(file: string): SqliteDatabase {
  const require = createRequire(import.meta.url);
  const builtin = Number.parseInt(process.versions.node, 10) >= 24;
  const { DatabaseSync } = require(builtin ? "node:sqlite" : "@photostructure/sqlite") as {
    DatabaseSync: new (at: string) => SqliteDatabase;
  };
  const opened = new DatabaseSync(file);
  opened.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  opened.exec("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;");
  return opened;
}

function answer(request: SqliteRequest): SqliteAnswer {
  const { id } = request;
  try {
    if (request.kind === "close") {
      prepared.clear();
      database?.close();
      return { id, results: [] };
    }
    if (database === null) return { id, failure: failure! };
    if (request.kind === "run") return { id, results: request.statements.map(run) };
    database.exec("BEGIN IMMEDIATE");
    try {
      const results = request.statements.map(run);
      database.exec("COMMIT");
      return { id, results };
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

function run({ sql, parameters }: Statement): StatementResult {
  const statement = prepare(sql);
  if (statement.columns().length > 0)
    return { rows: statement.all(...parameters).map((row) => ({ ...row })) };
  const { changes, lastInsertRowid } = statement.run(...parameters);
  return { rows: [], changes: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

function prepare(sql: string): PreparedStatement {
  const known = prepared.get(sql);
  if (known !== undefined) return known;
  if (prepared.size >= MAX_PREPARED) prepared.clear();
  const statement = database!.prepare(sql);
  prepared.set(sql, statement);
  return statement;
}

function failureOf(error: unknown): SqliteFailure {
  const { message, code, errcode } = error as { message: string; code?: string; errcode?: number };
  return { message, code: `${errcode ?? code ?? ""}` };
}

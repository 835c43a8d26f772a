import { Worker } from "node:worker_threads";
import type { SqliteAnswer, SqliteRequest, Statement, StatementResult } from "./sqlite-messages.ts";

/** A statement failed; `code` is SQLite's. */
export class SqliteError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = "SqliteError";
    this.code = code;
  }
}

type Asking =
  | { readonly kind: "run" | "batch"; readonly statements: readonly Statement[] }
  | { readonly kind: "close" };

interface Waiting {
  readonly resolve: (results: readonly StatementResult[]) => void;
  readonly reject: (error: Error) => void;
}

/** The database file and the thread that works on it. What is asked is done in order. */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting> = new Map();
  #nextId = 1;
  #ended: Error | null = null;

  constructor(path: string) {
    this.#worker = new Worker(new URL("sqlite-worker.js", import.meta.url), { workerData: { path } });
    this.#worker.on("message", (answer: SqliteAnswer) => this.#onAnswer(answer));
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new SqliteError("the database is closed", "CLOSED")));
  }

  /** Throws SqliteError. */
  async run(statement: Statement): Promise<StatementResult> {
    const [result] = await this.#ask({ kind: "run", statements: [statement] });
    return result!;
  }

  /** All in one transaction, or none of it. Throws SqliteError. */
  async batch(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    return statements.length === 0 ? [] : this.#ask({ kind: "batch", statements });
  }

  /** Resolves when all that was asked before is done. */
  async close(): Promise<void> {
    if (this.#ended !== null) return;
    const gone = new Promise((resolve) => this.#worker.once("exit", resolve));
    await this.#ask({ kind: "close" });
    await gone;
  }

  #ask(asking: Asking): Promise<readonly StatementResult[]> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    const request: SqliteRequest = { id, ...asking };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  #onAnswer(answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("results" in answer) waiting?.resolve(answer.results);
    else waiting?.reject(new SqliteError(answer.failure.message, answer.failure.code));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** One SQL statement; `?` stands for the parameters in turn. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** What the thread of SQLite is asked. `batch`: all statements in one transaction, or none. */
export type SqliteRequest = { readonly id: number } & (
  | { readonly kind: "run" | "batch"; readonly statements: readonly Statement[] }
  | { readonly kind: "close" }
);

export interface StatementResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly changes?: bigint;
  readonly insertId?: bigint;
}

/** `code` is SQLite's. */
export interface SqliteFailure {
  readonly message: string;
  readonly code: string;
}

export type SqliteAnswer =
  | { readonly id: number; readonly results: readonly StatementResult[] }
  | { readonly id: number; readonly failure: SqliteFailure };

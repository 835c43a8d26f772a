import type { Log } from "@shoal/engine";
import { LOG_LEVELS, type LogLevel, type LogLine } from "@shoal/schema";

export type LogListener = (line: Omit<LogLine, "dropped">) => void;

/** Several logs as one, and whoever wants to read along. */
export class LogTap implements Log {
  readonly #logs: readonly Log[];
  readonly #now: () => number;
  readonly #listeners: Map<LogListener, number> = new Map();

  /** `now`: milliseconds since 1970. */
  constructor(logs: readonly Log[], now: () => number) {
    this.#logs = logs;
    this.#now = now;
  }

  debug(message: string, fields?: Record<string, unknown>): void {
    for (const log of this.#logs) log.debug(message, fields);
    this.#tell("debug", message, fields);
  }

  info(message: string, fields?: Record<string, unknown>): void {
    for (const log of this.#logs) log.info(message, fields);
    this.#tell("info", message, fields);
  }

  warn(message: string, fields?: Record<string, unknown>): void {
    for (const log of this.#logs) log.warn(message, fields);
    this.#tell("warn", message, fields);
  }

  error(message: string, fields?: Record<string, unknown>): void {
    for (const log of this.#logs) log.error(message, fields);
    this.#tell("error", message, fields);
  }

  /** From `level` up. Returns what ends it. */
  on(level: LogLevel, listener: LogListener): () => void {
    this.#listeners.set(listener, LOG_LEVELS.indexOf(level));
    return () => void this.#listeners.delete(listener);
  }

  #tell(level: LogLevel, message: string, fields: Record<string, unknown> = {}): void {
    if (this.#listeners.size === 0) return;
    const rank = LOG_LEVELS.indexOf(level);
    const at = new Date(this.#now()).toISOString();
    for (const [listener, from] of this.#listeners)
      if (rank >= from) listener({ at, level, message, fields: plainFields(fields) });
  }
}

/** An error is its message: JSON would leave nothing of it. */
function plainFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? value.message : value]),
  );
}

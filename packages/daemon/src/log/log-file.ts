import { renameSync, statSync } from "node:fs";
import type { Log } from "@shoal/engine";
import { destination, type Logger, pino } from "pino";

/** How much is written down, from the most to the least. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Files that are kept besides the one that is written: `daemon.log.1` is the younger one. */
const KEPT = 2;
const MAX_BYTES = 5_000_000;
const LOOK_EVERY_LINES = 200;

/** The log of a daemon: a line of JSON for each thing, in a file that never grows beyond measure. */
export class LogFile implements Log {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #file: ReturnType<typeof destination>;
  #lines = 0;

  /** `path`: absolute; the folder exists. Only its user can read the file. */
  constructor(path: string, level: LogLevel) {
    this.#path = path;
    // Written at once: the last lines before an end are the interesting ones.
    this.#file = destination({ dest: path, append: true, mode: 0o600, sync: true });
    this.#logger = pino(
      {
        level,
        base: { pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        serializers: { error: pino.stdSerializers.err },
      },
      this.#file,
    );
    // A full disk must not end the daemon.
    this.#file.on("error", () => undefined);
    this.#turnOver();
  }

  set level(level: LogLevel) {
    this.#logger.level = level;
  }

  debug(message: string, fields: Record<string, unknown> = {}): void {
    this.#logger.debug(fields, message);
    this.#count();
  }

  info(message: string, fields: Record<string, unknown> = {}): void {
    this.#logger.info(fields, message);
    this.#count();
  }

  warn(message: string, fields: Record<string, unknown> = {}): void {
    this.#logger.warn(fields, message);
    this.#count();
  }

  error(message: string, fields: Record<string, unknown> = {}): void {
    this.#logger.error(fields, message);
    this.#count();
  }

  close(): void {
    this.#file.end();
  }

  #count(): void {
    if (++this.#lines % LOOK_EVERY_LINES === 0) this.#turnOver();
  }

  /** Begins a new file when this one has become long. */
  #turnOver(): void {
    try {
      if (statSync(this.#path).size < MAX_BYTES) return;
      for (let age = KEPT; age > 0; age--) {
        const from = age === 1 ? this.#path : `${this.#path}.${age - 1}`;
        if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${this.#path}.${age}`);
      }
      this.#file.reopen();
    } catch {
      // Then it goes on growing until the next look.
    }
  }
}

import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { TorrentStore } from "../ports/store.ts";
import type { SessionContext } from "./context.ts";

/** When records that could not be written are tried again. */
const RETRY_MS: Millis = 5_000;

/** Puts records in the store in order: what can't be written now is written later, or with the next record. */
export class JournalWriter {
  /** When what could not be written is to be tried again; Infinity when nothing waits. */
  retryAt: Millis = Infinity;
  readonly #context: SessionContext;
  readonly #store: TorrentStore;
  readonly #unwritten: Uint8Array[] = [];
  /** Why saving fails; null while it works. `#untold`: nobody was told of it. */
  #trouble: ShoalError | null = null;
  #untold = false;

  constructor(context: SessionContext, store: TorrentStore) {
    this.#context = context;
    this.#store = store;
  }

  get isDone(): boolean {
    return this.#unwritten.length === 0;
  }

  /** A journal that lacks records claims too little, never too much. */
  append(records: readonly Uint8Array[]): void {
    this.#unwritten.push(...records);
    try {
      while (this.#unwritten.length > 0) {
        this.#store.append(this.#unwritten[0]!);
        this.#unwritten.shift();
      }
      if (this.retryAt < Infinity) this.#trouble = null;
      this.retryAt = Infinity;
    } catch (error) {
      this.retryAt = this.#context.now() + RETRY_MS;
      this.onFailed(error);
    }
  }

  /** What was written is on stable storage. */
  onSaved(): void {
    if (this.isDone) this.#trouble = null;
  }

  /** A journal that could not be written costs only trust in what is there; anything else is a fault of the program. */
  onFailed(error: unknown): void {
    if (!(error instanceof ShoalError)) throw error;
    if (this.#trouble !== null) return;
    this.#trouble = error;
    this.#untold = true;
    this.#context.log.warn("resume data could not be saved", { code: error.code, message: error.message });
  }

  /** Why records can't be saved, as a person is told, once each time that this begins; else null. */
  takeTrouble(): ShoalError | null {
    if (!this.#untold || this.#trouble === null) return null;
    this.#untold = false;
    const { code, message, details } = this.#trouble;
    const told = `What is done can't be noted for the next run: ${message}. Tried again by itself`;
    return new ShoalError(code, told, details);
  }
}

/** Clients that are remembered at once; the one that failed longest ago is forgotten first. */
const MAX_CLIENTS = 1_000;
/** Failures without a delay: everybody mistypes. */
const FREE_FAILURES = 2;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8_000;
const FORGET_AFTER_MS = 15 * 60_000;

/**
 * How long a client that fails to sign in waits for its answer: twice as long each time, for that client alone. Who has the right password never
 * waits, so that one program with a wrong one doesn't lock out others of the same machine.
 */
export class LoginDelays {
  readonly #failures: Map<string, { count: number; at: number }> = new Map();

  /** A client gave wrong credentials at `now` (ms). Returns for how many milliseconds its answer is held back. */
  failed(client: string, now: number): number {
    const before = this.#failures.get(client);
    const isFresh = before !== undefined && now - before.at < FORGET_AFTER_MS;
    const count = (isFresh ? before.count : 0) + 1;
    // The one that comes last in the map has failed last.
    this.#failures.delete(client);
    this.#failures.set(client, { count, at: now });
    if (this.#failures.size > MAX_CLIENTS) this.#failures.delete(this.#failures.keys().next().value!);
    if (count <= FREE_FAILURES) return 0;
    return Math.min(FIRST_DELAY_MS * 2 ** (count - FREE_FAILURES - 1), LONGEST_DELAY_MS);
  }

  /** A client gave right credentials. */
  succeeded(client: string): void {
    this.#failures.delete(client);
  }
}

import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";

const FIRST_PAUSE: Millis = 10_000;
const MAX_PAUSE: Millis = 60 * 60_000;
/** A server may ask to be left in peace for so long at most. */
const MAX_ASKED_PAUSE: Millis = 24 * 60 * 60_000;
/** When it has none of the files that are wanted, or not the right ones: it may get them. */
const EMPTY_PAUSE: Millis = 60 * 60_000;

/**
 * Whether a web seed may be asked: after a failure it is left in peace, longer each time (with a chance of up to a quarter more, so that many
 * do not come back at once), and for good once it has sent wrong data.
 */
export class WebSeedHealth {
  readonly #rng: Rng;
  #failures = 0;
  #retryAt: Millis = -Infinity;
  #banned = false;
  #lastError: string | null = null;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** It proved to be wrong about the data. */
  get isBanned(): boolean {
    return this.#banned;
  }

  /** Why it was left in peace last; null once it has delivered again. */
  get lastError(): string | null {
    return this.#lastError;
  }

  mayAsk(now: Millis): boolean {
    return !this.#banned && now >= this.#retryAt;
  }

  /** When it may be asked again; Infinity for never. */
  get retryAt(): Millis {
    return this.#banned ? Infinity : this.#retryAt;
  }

  /** Wanted bytes came. */
  onDelivered(): void {
    this.#failures = 0;
    this.#lastError = null;
  }

  /** `afterMs`: what the server itself asked for. */
  onFailed(message: string, afterMs: Millis | null, now: Millis): void {
    this.#lastError = message;
    const pause = Math.min(MAX_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures++, 20));
    const asked = Math.min(MAX_ASKED_PAUSE, afterMs ?? 0);
    this.#retryAt = now + Math.max(asked, pause * (1 + this.#rng.below(256) / 1024));
  }

  /** Something is wrong with a part of it; the rest may be asked for. */
  note(message: string): void {
    this.#lastError = message;
  }

  /** It has nothing that is wanted. */
  onEmpty(now: Millis): void {
    this.#retryAt = now + EMPTY_PAUSE;
  }

  onBanned(message: string): void {
    this.#banned = true;
    this.#lastError = message;
  }
}

import type { Millis } from "../../base/brand.ts";
import { TokenBucket } from "../../base/token-bucket.ts";

export interface DialBudgetOptions {
  /** Connection attempts per second, and as many at once after a pause. */
  readonly perSecond?: number;
  /** Attempts that may be under way. */
  readonly maxHalfOpen?: number;
  /** An attempt whose end was not told counts for so long. */
  readonly giveUpMs?: Millis;
}

/** How many connections a session may open: 30 per second and 100 half open. Floods fill the tables of home routers. */
export class DialBudget {
  readonly #tokens: TokenBucket;
  readonly #maxHalfOpen: number;
  readonly #giveUpMs: Millis;
  /** When the attempts under way began, oldest first. */
  readonly #begun: Millis[] = [];

  constructor(options: DialBudgetOptions = {}) {
    const perSecond = options.perSecond ?? 30;
    this.#tokens = new TokenBucket(perSecond, perSecond, 0);
    this.#maxHalfOpen = options.maxHalfOpen ?? 100;
    this.#giveUpMs = options.giveUpMs ?? 20_000;
  }

  /** Attempts under way. */
  get halfOpen(): number {
    return this.#begun.length;
  }

  /** Counts one more attempt if there is room for it. */
  tryDial(now: Millis): boolean {
    this.#expire(now);
    if (this.#begun.length >= this.#maxHalfOpen || !this.#tokens.take(1, now)) return false;
    this.#begun.push(now);
    return true;
  }

  /** An attempt is connected or has failed. */
  onSettled(): void {
    this.#begun.shift();
  }

  /** When `tryDial` may succeed at the earliest, unless an attempt ends before. */
  nextDeadline(now: Millis): Millis {
    this.#expire(now);
    const tokenAt = this.#tokens.readyAt(1, now);
    if (this.#begun.length < this.#maxHalfOpen) return tokenAt;
    return Math.max(tokenAt, this.#begun[0]! + this.#giveUpMs);
  }

  #expire(now: Millis): void {
    while (this.#begun.length > 0 && now - this.#begun[0]! >= this.#giveUpMs) this.#begun.shift();
  }
}

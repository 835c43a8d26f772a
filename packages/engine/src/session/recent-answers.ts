import { setLatest } from "../base/set-latest.ts";
import type { Millis } from "../base/brand.ts";
import type { Clock } from "../ports/clock.ts";

/** Answers that are asked for again and again by many, such as addresses of names: each is asked for once in a while. */
export class RecentAnswers<T> {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #max: number;
  /** In the order of asking. */
  readonly #answers: Map<string, { readonly answer: Promise<T>; readonly until: Millis }> = new Map();

  /** Keeps `max` answers, each for `keepMs`. */
  constructor(clock: Clock, keepMs: number, max: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#max = max;
  }

  /** A failure is an answer, too. */
  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.now();
    const known = this.#answers.get(key);
    if (known !== undefined && now < known.until) return known.answer;
    const answer = ask();
    setLatest(this.#answers, key, { answer, until: now + this.#keepMs }, this.#max);
    return answer;
  }
}

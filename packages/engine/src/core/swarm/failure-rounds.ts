import type { Millis } from "../../base/brand.ts";

const FIRST_PAUSE: Millis = 5_000;
/** Pauses of 5, 10, 20, 40, 80 and 160 seconds: then it is enough. */
const MAX_ROUNDS = 6;

/**
 * What to do when pieces fail and nobody can be blamed: wait longer from round to round, and stop after the sixth in which nothing
 * was right. A round is all that fails before its pause is over.
 */
export class FailureRounds {
  #round = 0;
  #endsAt: Millis = -Infinity;

  /** All rounds have gone by in vain. */
  get isOver(): boolean {
    return this.#round > MAX_ROUNDS;
  }

  onVerified(): void {
    this.#round = 0;
  }

  /** Until when those who took part are not to be asked for anything. */
  onFailed(now: Millis): Millis {
    if (now >= this.#endsAt || this.#round === 0) {
      this.#endsAt = now + FIRST_PAUSE * 2 ** this.#round;
      this.#round++;
    }
    return this.#endsAt;
  }
}

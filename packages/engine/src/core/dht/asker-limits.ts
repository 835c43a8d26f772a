import { setLatest } from "../../base/set-latest.ts";
import type { Millis } from "../../base/brand.ts";
import { TokenBucket } from "../../base/token-bucket.ts";

/** Questions that one address may ask: per second, and at once. */
const PER_SECOND = 10;
const AT_ONCE = 50;
/** Who goes on far above the limit stays out for up to this many seconds after it has stopped. */
const MAX_DEBT_SECONDS = 30;
/** Addresses that are watched; the one not seen for longest is forgotten. */
const MAX_HOSTS = 1_024;
/** An answer to an address that may be forged has at most so many times the bytes of the question, and more out of an allowance: per second, and at once. */
const TIMES_QUESTION = 3;
const MORE_PER_SECOND = 25;
const MORE_AT_ONCE = 1_500;
/** Who gave back a token of ours gets what is sent to its address, for this long. */
const PROVEN_MS = 900_000;

interface Watched {
  readonly questions: TokenBucket;
  readonly more: TokenBucket;
  provenUntil: Millis;
}

/** How much is answered to whom: the sender's address may be forged, and then the answers would hit somebody else. Addresses are keys of `peerKey`. */
export class AskerLimits {
  readonly #hosts: Map<string, Watched> = new Map();

  /** Counts a packet from the address; false when it is one too many. */
  accept(host: string, now: Millis): boolean {
    const { questions } = this.#watch(host, now);
    if (questions.take(1, now)) return true;
    if (questions.available(now) > -PER_SECOND * MAX_DEBT_SECONDS) questions.spend(1, now);
    return false;
  }

  /** Most bytes of an answer to a question of so many bytes. */
  room(host: string, questionBytes: number, now: Millis): number {
    const { more, provenUntil } = this.#watch(host, now);
    if (now < provenUntil) return Number.POSITIVE_INFINITY;
    return TIMES_QUESTION * questionBytes + Math.max(more.available(now), 0);
  }

  onAnswered(host: string, questionBytes: number, answerBytes: number, now: Millis): void {
    const more = answerBytes - TIMES_QUESTION * questionBytes;
    if (more > 0) this.#watch(host, now).more.spend(more, now);
  }

  /** The address is not forged. */
  onProven(host: string, now: Millis): void {
    this.#watch(host, now).provenUntil = now + PROVEN_MS;
  }

  #watch(host: string, now: Millis): Watched {
    const known = this.#hosts.get(host);
    // The order counts when somebody may soon have to go.
    if (known !== undefined && this.#hosts.size < MAX_HOSTS) return known;
    const watched = known ?? {
      questions: new TokenBucket(PER_SECOND, AT_ONCE, now),
      more: new TokenBucket(MORE_PER_SECOND, MORE_AT_ONCE, now),
      provenUntil: Number.NEGATIVE_INFINITY,
    };
    setLatest(this.#hosts, host, watched, MAX_HOSTS);
    return watched;
  }
}

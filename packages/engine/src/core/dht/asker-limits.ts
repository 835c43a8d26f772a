import type { Millis } from "../../base/brand.ts";
import { TokenBucket } from "../../base/token-bucket.ts";

/** Questions that one address may ask: per second, and at once. */
const PER_SECOND = 10;
const AT_ONCE = 50;
/** Who goes on far above the limit stays out for up to this many seconds after it has stopped. */
const MAX_DEBT_SECONDS = 30;
/** Addresses that are watched; the one not seen for longest is forgotten. */
const MAX_HOSTS = 1_024;

/** Who asks too much is not answered: the sender's address may be forged, and then the answers would hit somebody else. */
export class AskerLimits {
  readonly #hosts: Map<string, TokenBucket> = new Map();

  /** Counts a packet from the address (see `peerKey`); false when it is one too many. */
  accept(host: string, now: Millis): boolean {
    let bucket = this.#hosts.get(host);
    if (bucket === undefined) {
      if (this.#hosts.size >= MAX_HOSTS) {
        const [oldest] = this.#hosts.keys();
        this.#hosts.delete(oldest!);
      }
      bucket = new TokenBucket(PER_SECOND, AT_ONCE, now);
    } else {
      this.#hosts.delete(host);
    }
    this.#hosts.set(host, bucket);
    if (bucket.take(1, now)) return true;
    if (bucket.available(now) > -PER_SECOND * MAX_DEBT_SECONDS) bucket.spend(1, now);
    return false;
  }
}

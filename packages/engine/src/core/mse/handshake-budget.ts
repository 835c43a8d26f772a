import { setLatest } from "../../base/set-latest.ts";
import type { Millis } from "../../base/brand.ts";
import { TokenBucket } from "../../base/token-bucket.ts";
import { peerKey } from "../swarm/peer-key.ts";

/** A handshake takes some 0.2 ms of processor time: these are 2 % of a processor. */
const PER_SECOND = 100;
const BURST = 200;
/** From one address; many people may be behind it. */
const PER_SECOND_FROM_ONE = 2;
const BURST_FROM_ONE = 30;
/** Addresses that are told apart. */
const MAX_SOURCES = 1_000;

/** How many handshakes strangers may make us calculate. */
export class HandshakeBudget {
  readonly #all: TokenBucket = new TokenBucket(PER_SECOND, BURST, 0);
  /** The one seen last is last. */
  readonly #sources: Map<string, TokenBucket> = new Map();

  /** Counts one more handshake with this address, if there is room for it. */
  tryHandshake(host: string, port: number, now: Millis): boolean {
    const key = peerKey(host, port);
    const source = this.#sources.get(key) ?? new TokenBucket(PER_SECOND_FROM_ONE, BURST_FROM_ONE, now);
    setLatest(this.#sources, key, source, MAX_SOURCES);
    // The shared budget is not spent on those who are refused anyway.
    return source.take(1, now) && this.#all.take(1, now);
  }
}

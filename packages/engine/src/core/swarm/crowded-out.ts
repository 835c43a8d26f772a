import type { Endpoint } from "../../base/address.ts";
import { peerKey } from "./peer-key.ts";

/** Those who have one address. */
export interface Crowd<T> {
  /** See `peerKey`. */
  readonly key: string;
  readonly first: T;
  readonly count: number;
}

/** The most that have one address; null when there is nobody. */
export function largestCrowd<T>(all: Iterable<T>, remoteOf: (one: T) => Endpoint): Crowd<T> | null {
  const crowds = new Map<string, { readonly key: string; readonly first: T; count: number }>();
  let largest: Crowd<T> | null = null;
  for (const one of all) {
    const { host, port } = remoteOf(one);
    const key = peerKey(host, port);
    const crowd = crowds.get(key) ?? { key, first: one, count: 0 };
    crowd.count++;
    crowds.set(key, crowd);
    if (largest === null || crowd.count > largest.count) largest = crowd;
  }
  return largest;
}

/**
 * Who has to leave when there are too many who have not said what they want: of those from the address with the most, who came first. So a crowd from
 * one address is its own rival. `all`: in the order of their coming; null when there is nobody.
 */
export function crowdedOut<T>(all: Iterable<T>, remoteOf: (one: T) => Endpoint): T | null {
  return largestCrowd(all, remoteOf)?.first ?? null;
}

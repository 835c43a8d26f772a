import { latin1Text } from "../../base/bytes.ts";
import { peerKey } from "../swarm/peer-key.ts";
import { distanceFraction } from "./distance.ts";

interface Entry<T> {
  readonly key: Uint8Array;
  /** Who brought it first. */
  readonly host: string;
  readonly value: T;
}

/**
 * What strangers store with us under 20-byte keys, so many and no more: when it is full the key farthest from our id goes, because others are
 * asked for that. One address brings at most half of it.
 */
export class NearStore<T> {
  readonly #capacity: number;
  readonly #entries: Map<string, Entry<T>> = new Map();
  readonly #perHost: Map<string, number> = new Map();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Uint8Array): T | null {
    return this.#entries.get(latin1Text(key))?.value ?? null;
  }

  /** Stores `value`, whose memory is kept, over an old one or as a new one; false when there is no room for it. */
  set(key: Uint8Array, value: T, host: string, ownId: Uint8Array): boolean {
    const name = latin1Text(key);
    const old = this.#entries.get(name);
    if (old !== undefined) {
      this.#entries.set(name, { ...old, value });
      return true;
    }
    const owner = peerKey(host, 0);
    const brought = this.#perHost.get(owner) ?? 0;
    if (brought >= this.#capacity / 2) return false;
    if (this.#entries.size >= this.#capacity && !this.#makeRoom(key, ownId)) return false;
    this.#entries.set(name, { key: new Uint8Array(key), host: owner, value });
    this.#perHost.set(owner, brought + 1);
    return true;
  }

  /** Removes all that `isOver` says so of. */
  sweep(isOver: (value: T) => boolean): void {
    for (const [name, entry] of this.#entries) if (isOver(entry.value)) this.#remove(name, entry);
  }

  *keys(): Generator<Uint8Array> {
    for (const { key } of this.#entries.values()) yield key;
  }

  #makeRoom(key: Uint8Array, ownId: Uint8Array): boolean {
    let farthest: [string, Entry<T>] | null = null;
    let distance = distanceFraction(ownId, key, 0);
    for (const named of this.#entries) {
      const other = distanceFraction(ownId, named[1].key, 0);
      if (other <= distance) continue;
      distance = other;
      farthest = named;
    }
    if (farthest === null) return false;
    this.#remove(...farthest);
    return true;
  }

  #remove(name: string, entry: Entry<T>): void {
    this.#entries.delete(name);
    const left = (this.#perHost.get(entry.host) ?? 1) - 1;
    if (left === 0) this.#perHost.delete(entry.host);
    else this.#perHost.set(entry.host, left);
  }
}

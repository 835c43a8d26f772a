/**
 * Why a known address is not connected: it does not answer at all, refuses, hangs up before it shakes hands, takes no obfuscated
 * connection while no others are allowed, or the system of this computer does not let us try.
 */
export type DialFate = "silent" | "refused" | "hung-up" | "plain-only" | "forbidden";

/** Addresses that are counted. */
const MAX_ADDRESSES = 1_000;

/** How the last attempt ended to reach each address that is not connected, of one torrent. */
export class DialFates {
  readonly #fates: Map<string, DialFate> = new Map();

  /** `key`: of the endpoint. */
  set(key: string, fate: DialFate): void {
    if (this.#fates.size < MAX_ADDRESSES || this.#fates.has(key)) this.#fates.set(key, fate);
  }

  delete(key: string): void {
    this.#fates.delete(key);
  }

  /** Nothing is held against anybody any more. */
  clear(): void {
    this.#fates.clear();
  }

  count(fate: DialFate): number {
    let count = 0;
    for (const one of this.#fates.values()) if (one === fate) count++;
    return count;
  }
}

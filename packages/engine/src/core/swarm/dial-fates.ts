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
  readonly #counts: Map<DialFate, number> = new Map();

  /** `key`: of the endpoint. */
  set(key: string, fate: DialFate): void {
    this.delete(key);
    if (this.#fates.size >= MAX_ADDRESSES) return;
    this.#fates.set(key, fate);
    this.#counts.set(fate, this.count(fate) + 1);
  }

  delete(key: string): void {
    const fate = this.#fates.get(key);
    if (fate === undefined) return;
    this.#fates.delete(key);
    this.#counts.set(fate, this.count(fate) - 1);
  }

  /** Nothing is held against anybody any more. */
  clear(): void {
    this.#fates.clear();
    this.#counts.clear();
  }

  count(fate: DialFate): number {
    return this.#counts.get(fate) ?? 0;
  }
}

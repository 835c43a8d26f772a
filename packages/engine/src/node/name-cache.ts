import { setLatest } from "../base/set-latest.ts";
/** For so long an answer is used again. Most servers say five minutes and more; what changes sooner is found soon enough. */
const KEEP_MS = 60_000;
const MAX_NAMES = 256;

interface Known {
  readonly addresses: Promise<readonly string[]>;
  readonly until: number;
}

/** Addresses of host names that were looked up lately, or are being looked up: who asks for a name twice asks the name server once. */
export class NameCache {
  readonly #known: Map<string, Known> = new Map();

  /** What is known of the name, or comes of `lookUp`, whose failures are not kept. */
  get(name: string, lookUp: () => Promise<readonly string[]>): Promise<readonly string[]> {
    const key = name.toLowerCase();
    const now = performance.now();
    const known = this.#known.get(key);
    if (known !== undefined && known.until > now) return known.addresses;
    const found: Known = { addresses: lookUp(), until: now + KEEP_MS };
    setLatest(this.#known, key, found, MAX_NAMES);
    found.addresses.catch(() => {
      if (this.#known.get(key) === found) this.#known.delete(key);
    });
    return found.addresses;
  }
}

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** What the bearer of a token may do; each includes those before it. */
export const SCOPES = ["read", "control", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** What is kept of a token: never the token itself. */
export interface TokenRecord {
  readonly id: string;
  /** For whom or what it is; unique. */
  readonly name: string;
  readonly scope: Scope;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** Where tokens are kept. */
export interface TokenStore {
  all(): Promise<TokenRecord[]>;
  add(token: TokenRecord): Promise<void>;
  /** False when there was none. */
  remove(id: string): Promise<boolean>;
  used(id: string, at: string): Promise<void>;
}

/** `last used` is written at most so often. */
const USED_EVERY_MS = 60_000;

/** Bearer tokens: 256 random bits, of which only the hash is kept, with a name and a scope. */
export class Tokens {
  readonly #store: TokenStore;
  readonly #now: () => number;
  readonly #byId: Map<string, TokenRecord> = new Map();
  readonly #toldAt: Map<string, number> = new Map();
  /** By the id of a token: what goes on by it. */
  readonly #ends: Map<string, Set<() => void>> = new Map();

  private constructor(store: TokenStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  static async load(store: TokenStore, now: () => number): Promise<Tokens> {
    const tokens = new Tokens(store, now);
    for (const record of await store.all()) tokens.#byId.set(record.id, record);
    return tokens;
  }

  list(): TokenRecord[] {
    return [...this.#byId.values()];
  }

  /** Makes a token; its secret is told this once. Throws RangeError when there is one for that name. */
  async create(
    name: string,
    scope: Scope,
  ): Promise<{ readonly record: TokenRecord; readonly secret: string }> {
    if (this.list().some((token) => token.name === name))
      throw new RangeError(`there is a token for ${name} already`);
    const id = randomBytes(6).toString("hex");
    const secret = `${id}.${randomBytes(32).toString("base64url")}`;
    const createdAt = new Date(this.#now()).toISOString();
    const record: TokenRecord = { id, name, scope, hash: hash(secret), createdAt, lastUsedAt: null };
    await this.#store.add(record);
    this.#byId.set(id, record);
    return { record, secret };
  }

  /** What goes on by the token ends at once. False when there was none. */
  async revoke(id: string): Promise<boolean> {
    if (!this.#byId.delete(id)) return false;
    for (const end of this.#ends.get(id) ?? []) end();
    return this.#store.remove(id);
  }

  /** Calls `end` when the token is revoked. Returns what takes that back. */
  whenRevoked(id: string, end: () => void): () => void {
    const ends = this.#ends.get(id) ?? new Set();
    this.#ends.set(id, ends.add(end));
    return () => {
      ends.delete(end);
      if (ends.size === 0 && this.#ends.get(id) === ends) this.#ends.delete(id);
    };
  }

  /** The token whose secret this is; null for anything else. */
  check(secret: string): TokenRecord | null {
    const record = this.#byId.get(secret.split(".", 1)[0]!);
    if (record === undefined) return null;
    if (!timingSafeEqual(Buffer.from(record.hash, "hex"), Buffer.from(hash(secret), "hex"))) return null;
    this.#onUse(record);
    return record;
  }

  #onUse(record: TokenRecord): void {
    const now = this.#now();
    if (now - (this.#toldAt.get(record.id) ?? -Infinity) < USED_EVERY_MS) return;
    this.#toldAt.set(record.id, now);
    const lastUsedAt = new Date(now).toISOString();
    this.#byId.set(record.id, { ...record, lastUsedAt });
    // That it was used is known all the same.
    this.#store.used(record.id, lastUsedAt).catch(() => {});
  }
}

/** Whether a token with scope `has` may do what needs `needed`. */
export function allows(has: Scope, needed: Scope): boolean {
  return SCOPES.indexOf(has) >= SCOPES.indexOf(needed);
}

function hash(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

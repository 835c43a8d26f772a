import { ShoalError } from "../base/errors.ts";
import type { DhtNode } from "../core/dht/dht-node.ts";
import type { DhtItem, Lookup, LookupResult } from "../core/dht/dht-types.ts";
import { checkItemKey, checkItemValue, mutableTarget, NO_SALT, unusable } from "../core/dht/items.ts";
import { itemToSign } from "../wire/krpc-query.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Signer } from "../ports/signer.ts";
import type { DhtNodes } from "./dht-nodes.ts";

/** Most programs count in 64 bits with a sign. */
const MAX_SEQ = 2n ** 63n - 1n;

export type MutableItem = Extract<DhtItem, { kind: "mutable" }>;

export interface ItemOptions {
  /** Tells several items of one key apart; at most 64 bytes. */
  readonly salt?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface PutMutableOptions extends ItemOptions {
  /** Above that of what is stored; one more by default. 0 to 2^63 - 1. */
  readonly seq?: bigint;
  /** Store only where the stored item has exactly this number. */
  readonly cas?: bigint;
}

/** What became of a put: `stored` nodes confirmed it, 0 when it failed. */
export interface Stored {
  readonly target: Uint8Array;
  readonly stored: number;
}

/** How one lookup is begun; it says how it ended by `onDone`. */
type Begin = (node: DhtNode, onDone: (result: LookupResult) => void) => Lookup;

/**
 * Small values that the DHT keeps for two hours (BEP 44). Values are bencode, 1000 bytes at most, as they were put. All of it waits until
 * nodes are known, and throws ERR_INVALID_ARGUMENT for what can't be stored or looked for, ERR_CLOSED when the session ends and what the signal says.
 */
export class DhtItems {
  readonly #nodes: DhtNodes;
  readonly #signer: Signer;
  readonly #hasher: Hasher;
  readonly #closing: AbortController = new AbortController();

  constructor(nodes: DhtNodes, signer: Signer, hasher: Hasher) {
    this.#nodes = nodes;
    this.#signer = signer;
    this.#hasher = hasher;
  }

  /** The value with this SHA-1; null when nobody has it. */
  async getImmutable(
    target: Uint8Array,
    options: Pick<ItemOptions, "signal"> = {},
  ): Promise<Uint8Array | null> {
    return (await this.#get(target, options))?.value ?? null;
  }

  async putImmutable(value: Uint8Array, { signal }: Pick<ItemOptions, "signal"> = {}): Promise<Stored> {
    const results = await this.#run(signal, (node, onDone) => node.putImmutable(value, { onDone }));
    return { target: this.#hasher.sha1(value), stored: sumStored(results) };
  }

  /** The newest item of an Ed25519 key, its signature checked; null when there is none. */
  async getMutable(publicKey: Uint8Array, options: ItemOptions = {}): Promise<MutableItem | null> {
    const item = await this.#get(this.#targetOf(publicKey, options.salt), options);
    return item?.kind === "mutable" ? item : null;
  }

  /** Signs `value` with the private key of `seed` (32 bytes) and stores it. */
  async putMutable(
    seed: Uint8Array,
    value: Uint8Array,
    options: PutMutableOptions = {},
  ): Promise<Stored & { readonly seq: bigint }> {
    const { salt, signal, cas } = options;
    checkItemValue(value);
    const publicKey = this.#signer.publicKey(seed);
    const target = this.#targetOf(publicKey, salt);
    const seq = options.seq ?? ((await this.getMutable(publicKey, options))?.seq ?? 0n) + 1n;
    if (seq < 0n || seq > MAX_SEQ) throw unusable("The number of an item is from 0 to 2^63 - 1");
    const signature = this.#signer.sign(seed, itemToSign(salt ?? NO_SALT, seq, value));
    const signed = { value, seq, signature, ...(cas === undefined ? {} : { cas }) };
    const put = { publicKey, make: () => signed, ...(salt === undefined ? {} : { salt }) };
    const results = await this.#run(signal, (node, onDone) => node.putMutable({ ...put, onDone }));
    return { target, stored: sumStored(results), seq };
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort(new ShoalError("ERR_CLOSED", "The session is closed"));
  }

  async #get(target: Uint8Array, { salt, signal }: ItemOptions): Promise<DhtItem | null> {
    let best: DhtItem | null = null;
    const onItem = (item: DhtItem): void => {
      if (best === null || (item.kind === "mutable" && best.kind === "mutable" && item.seq > best.seq))
        best = item;
    };
    const how = { onItem, ...(salt === undefined ? {} : { salt }) };
    await this.#run(signal, (node, onDone) => node.getItem(target, { ...how, onDone }));
    return best;
  }

  #targetOf(publicKey: Uint8Array, salt: Uint8Array = NO_SALT): Uint8Array {
    checkItemKey(publicKey, salt);
    return mutableTarget(this.#hasher.sha1, publicKey, salt);
  }

  /** One lookup on each of our nodes that know others. */
  async #run(signal: AbortSignal | undefined, begin: Begin): Promise<LookupResult[]> {
    const closing = this.#closing.signal;
    const ended = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    await this.#nodes.untilReady(ended);
    ended.throwIfAborted();
    const nodes = this.#nodes.ready();
    const all = await new Promise<LookupResult[]>((resolve) => {
      const results: LookupResult[] = [];
      const onAbort = (): void => {
        for (const lookup of lookups) lookup.cancel();
        resolve([]);
      };
      const lookups = nodes.map(({ node }) =>
        begin(node, (result) => {
          if (results.push(result) < nodes.length) return;
          ended.removeEventListener("abort", onAbort);
          resolve(results);
        }),
      );
      ended.addEventListener("abort", onAbort, { once: true });
      this.#nodes.onAsked();
    });
    ended.throwIfAborted();
    return all;
  }
}

function sumStored(results: readonly LookupResult[]): number {
  return results.reduce((sum, { stored }) => sum + stored, 0);
}

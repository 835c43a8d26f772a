import { type Endpoint, mayTell, parseIp } from "../../base/address.ts";
import { copyBytes, equalBytes } from "../../base/bytes.ts";
import type { Answer } from "../../wire/krpc.ts";
import { itemToSign, type Want } from "../../wire/krpc-query.ts";
import { addToFilter, FILTER_BYTES, filterCount, uniteFilters } from "./bloom-filter.ts";
import type {
  Announce,
  DhtItem,
  DhtParts,
  ItemLookup,
  MutablePut,
  PeerLookup,
  SampleLookup,
} from "./dht-types.ts";
import { mutableTarget, NO_SALT } from "./items.ts";
import type { OwnQuery, Purpose } from "./lookup-task.ts";
import type { Candidate } from "./node-search.ts";

/** What an answer, or our own storage, has of an item. */
type ItemAnswer = Pick<Answer, "value" | "signed">;

/** Nodes near the target, nothing else. */
export function findNode(target: Uint8Array, want: Want | null): Purpose {
  return { target, query: { method: "find_node", target, want } };
}

/** Peers of a torrent (BEP 5), and how many there are (BEP 33); `announce` tells of us as well. */
export function findPeers(
  target: Uint8Array,
  events: PeerLookup,
  announce: Announce | null,
  sha1: DhtParts["sha1"],
): Purpose {
  const scrape = events.onScrape === undefined ? null : new Scrape(sha1);
  const noSeed = announce?.isSeed ?? false;
  return {
    target,
    query: { method: "get_peers", target, want: null, noSeed, scrape: scrape !== null },
    onBegin(own, now) {
      const peers = own.peersOf(target, now);
      if (peers.length > 0) events.onPeers?.(peers);
      return false;
    },
    onAnswer({ answer, ip }, { endpoint }) {
      scrape?.onAnswer(answer);
      // Whom we told of ourselves tells us of ourselves.
      const isOther = ({ host, port }: Endpoint): boolean => host !== ip?.host || port !== announce?.port;
      const peers = answer.values.filter((peer) => mayTell(peer.host, endpoint.host) && isOther(peer));
      if (peers.length > 0) events.onPeers?.(peers);
      return false;
    },
    onFound() {
      if (scrape !== null) events.onScrape?.(scrape.estimate());
    },
    store({ token }): OwnQuery | null {
      if (announce === null) return null;
      const { port, impliedPort = false, isSeed: seed } = announce;
      return { method: "announce_peer", target, port, impliedPort, seed, token: token! };
    },
  };
}

/** Counts what several nodes know of a swarm (BEP 33, "Handling legacy responses" too). */
class Scrape {
  readonly #sha1: DhtParts["sha1"];
  readonly #seeds = new Uint8Array(FILTER_BYTES);
  readonly #peers = new Uint8Array(FILTER_BYTES);

  constructor(sha1: DhtParts["sha1"]) {
    this.#sha1 = sha1;
  }

  onAnswer({ seedFilter, peerFilter, values }: Answer): void {
    if (seedFilter !== null) uniteFilters(this.#seeds, seedFilter);
    if (peerFilter !== null) uniteFilters(this.#peers, peerFilter);
    if (seedFilter !== null || peerFilter !== null) return;
    for (const { host } of values) {
      const ip = parseIp(host);
      if (ip !== null) addToFilter(this.#peers, this.#sha1(ip));
    }
  }

  estimate(): { seeds: number; leechers: number } {
    return { seeds: Math.round(filterCount(this.#seeds)), leechers: Math.round(filterCount(this.#peers)) };
  }
}

/** An item (BEP 44). What does not belong to the target or is not signed by its key is as if it were not there. */
export function findItem(target: Uint8Array, events: ItemLookup, parts: DhtParts): Purpose {
  const newest = new NewestItem(target, events.salt ?? NO_SALT, parts);
  const take = (answer: ItemAnswer): boolean => {
    const item = newest.take(answer);
    if (item !== null) events.onItem?.(item);
    return item?.kind === "immutable";
  };
  return {
    target,
    query: { method: "get", target, want: null, seq: null },
    onBegin(own, now) {
      const kept = own.getItem(target, now);
      return kept !== null && take(kept);
    },
    onAnswer: ({ answer }) => take(answer),
  };
}

export function putImmutable(value: Uint8Array, sha1: DhtParts["sha1"]): Purpose {
  const target = sha1(value);
  return {
    target,
    query: { method: "get", target, want: null, seq: null },
    store: ({ token }) => ({ method: "put", token: token!, value, signed: null, salt: NO_SALT, cas: null }),
  };
}

export function putMutable(put: MutablePut, parts: DhtParts): Purpose {
  const { publicKey, salt = NO_SALT } = put;
  const target = mutableTarget(parts.sha1, publicKey, salt);
  const newest = new NewestItem(target, salt, parts);
  const holders = new Set<Candidate>();
  let item: ReturnType<MutablePut["make"]> = null;
  return {
    target,
    query: { method: "get", target, want: null, seq: null },
    onBegin(own, now) {
      const kept = own.getItem(target, now);
      if (kept !== null) newest.take(kept);
      return false;
    },
    onAnswer({ answer }, candidate) {
      newest.take(answer);
      if (answer.value !== null) holders.add(candidate);
      return false;
    },
    onFound() {
      item = put.make(newest.item);
    },
    store(candidate) {
      if (item === null) return null;
      const { value, seq, signature } = item;
      // BEP 44, "CAS": not to those who have nothing that could be compared.
      const cas = holders.has(candidate) ? (item.cas ?? null) : null;
      return {
        method: "put",
        token: candidate.token!,
        value,
        signed: { publicKey, seq, signature },
        salt,
        cas,
      };
    },
  };
}

/** Samples of what nodes near the target have (BEP 51). */
export function sampleInfohashes(target: Uint8Array, events: SampleLookup): Purpose {
  return {
    target,
    query: { method: "sample_infohashes", target, want: null },
    onAnswer({ answer: { samples } }, { endpoint }) {
      if (samples !== null) events.onSamples?.({ from: endpoint, ...samples });
      return false;
    },
  };
}

/** The newest of the items that belong to a target. */
class NewestItem {
  readonly #target: Uint8Array;
  readonly #salt: Uint8Array;
  readonly #parts: DhtParts;
  #item: DhtItem | null = null;

  constructor(target: Uint8Array, salt: Uint8Array, parts: DhtParts) {
    this.#target = target;
    this.#salt = salt;
    this.#parts = parts;
  }

  get item(): DhtItem | null {
    return this.#item;
  }

  /** The item of an answer, if it is a right one and newer than those before; else null. */
  take({ value, signed }: ItemAnswer): DhtItem | null {
    if (value === null) return null;
    const { sha1, verify } = this.#parts;
    if (signed === null) {
      if (this.#item !== null || !equalBytes(sha1(value), this.#target)) return null;
      this.#item = { kind: "immutable", value: copyBytes(value) };
      return this.#item;
    }
    const { publicKey, seq, signature } = signed;
    if (this.#item?.kind === "mutable" && this.#item.seq >= seq) return null;
    if (!equalBytes(mutableTarget(sha1, publicKey, this.#salt), this.#target)) return null;
    if (!verify(publicKey, itemToSign(this.#salt, seq, value), signature)) return null;
    this.#item = {
      kind: "mutable",
      value: copyBytes(value),
      publicKey: copyBytes(publicKey),
      seq,
      signature: copyBytes(signature),
    };
    return this.#item;
  }
}

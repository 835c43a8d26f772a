import { type Endpoint, nearnessOf } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { concatBytes } from "../../base/bytes.ts";
import { encodeAnswer, encodeError, type Reply } from "../../wire/krpc.ts";
import type { Contact } from "../../wire/krpc-contacts.ts";
import { itemToSign, KRPC_ERRORS, type Query, type Want } from "../../wire/krpc-query.ts";
import type { Storage } from "./storage.ts";
import type { Tokens } from "./tokens.ts";

/** BEP 32, "Maximum packet size", less what is in every answer. */
const ROOM_BYTES = 1_024 - 140;
const FILTERS_BYTES = 2 * 264;
const NO_SALT = new Uint8Array(0);

/** What answers are made of. */
export interface AnswerParts {
  readonly family: 4 | 6;
  readonly ownId: () => Uint8Array;
  readonly storage: Storage;
  readonly tokens: Tokens;
  /** Good nodes near a target, of a family, that `asker` may be told of. */
  readonly nodesNear: (target: Uint8Array, family: 4 | 6, asker: Endpoint, now: Millis) => readonly Contact[];
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  /** A peer of a torrent has been put into the storage. */
  readonly onPeer: (infoHash: Uint8Array, peer: Endpoint) => void;
}

/** Answers the questions of others (BEP 5, 32, 33, 44, 51): what goes in comes out as one packet. */
export class Answers {
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  answer(query: Query, transaction: Uint8Array, from: Endpoint, now: Millis): Uint8Array {
    switch (query.method) {
      case "ping":
        return this.#encode(transaction, {}, from);
      case "find_node":
        return this.#encode(transaction, this.#nodes(query.target, query.want, from, now), from);
      case "get_peers":
        return this.#getPeers(query, transaction, from, now);
      case "announce_peer":
        return this.#announce(query, transaction, from, now);
      case "get":
        return this.#get(query, transaction, from, now);
      case "put":
        return this.#put(query, transaction, from, now);
      case "sample_infohashes": {
        const nodes = this.#nodes(query.target, query.want, from, now);
        return this.#encode(transaction, { ...nodes, samples: this.#parts.storage.samples(now) }, from);
      }
      default:
        if (query.target === null) {
          return encodeError(transaction, KRPC_ERRORS.unknownMethod, "the method is unknown", from);
        }
        return this.#encode(transaction, this.#nodes(query.target, query.want, from, now), from);
    }
  }

  #getPeers(
    query: Query & { method: "get_peers" },
    transaction: Uint8Array,
    from: Endpoint,
    now: Millis,
  ): Uint8Array {
    const { family, storage, tokens } = this.#parts;
    // Filters take the room of the nodes of the other family (BEP 33).
    const nodes = this.#nodes(query.target, query.scrape ? null : query.want, from, now);
    const [valueBytes, nodeBytes] = family === 4 ? [9, 26] : [22, 38];
    const taken =
      nodeBytes * (nodes.nodes?.length ?? nodes.nodes6?.length ?? 0) + (query.scrape ? FILTERS_BYTES : 0);
    const other = query.scrape || query.want === null || !(query.want.n4 && query.want.n6) ? 0 : 38 * 8;
    const limit = Math.max(Math.floor((ROOM_BYTES - taken - other) / valueBytes), 0);
    const found = storage.findPeers(query.target, limit, { ...query, asker: nearnessOf(from.host) }, now);
    const token = tokens.make(from.host, now);
    if (found === null) return this.#encode(transaction, { ...nodes, token }, from);
    const answer = { ...nodes, token, values: found.values };
    if (found.filters === null) return this.#encode(transaction, answer, from);
    const { seeds, peers } = found.filters;
    return this.#encode(transaction, { ...answer, seedFilter: seeds, peerFilter: peers }, from);
  }

  #announce(
    query: Query & { method: "announce_peer" },
    transaction: Uint8Array,
    from: Endpoint,
    now: Millis,
  ): Uint8Array {
    const { storage, tokens, ownId } = this.#parts;
    if (!tokens.isValid(query.token, from.host, now)) return wrongToken(transaction, from);
    const peer = { host: from.host, port: query.impliedPort ? from.port : query.port };
    if (!storage.addPeer(query.target, peer, query.seed, ownId(), now)) return full(transaction, from);
    this.#parts.onPeer(query.target, peer);
    return this.#encode(transaction, {}, from);
  }

  #get(query: Query & { method: "get" }, transaction: Uint8Array, from: Endpoint, now: Millis): Uint8Array {
    const { storage, tokens } = this.#parts;
    const item = storage.getItem(query.target, now);
    // An item of 1,000 bytes leaves room for the nodes of one family only.
    const nodes = this.#nodes(query.target, item === null ? query.want : null, from, now);
    const token = tokens.make(from.host, now);
    if (item === null) return this.#encode(transaction, { ...nodes, token }, from);
    const { value, signed } = item;
    if (signed !== null && query.seq !== null && signed.seq <= query.seq) {
      return this.#encode(transaction, { ...nodes, token, seq: signed.seq }, from);
    }
    return this.#encode(transaction, { ...nodes, token, value, signed }, from);
  }

  #put(query: Query & { method: "put" }, transaction: Uint8Array, from: Endpoint, now: Millis): Uint8Array {
    const { storage, tokens, ownId, sha1, verify } = this.#parts;
    const { value, signed, salt, cas } = query;
    if (!tokens.isValid(query.token, from.host, now)) return wrongToken(transaction, from);
    if (signed !== null && !verify(signed.publicKey, itemToSign(salt, signed.seq, value), signed.signature)) {
      return encodeError(transaction, KRPC_ERRORS.badSignature, "the signature is wrong", from);
    }
    const target = signed === null ? sha1(value) : mutableTarget(sha1, signed.publicKey, salt);
    const code = storage.putItem(target, { value, signed, cas }, from.host, ownId(), now);
    if (code === 0) return this.#encode(transaction, {}, from);
    if (code === KRPC_ERRORS.server) return full(transaction, from);
    const why = code === KRPC_ERRORS.casMismatch ? "there is another number" : "there is a newer one";
    return encodeError(transaction, code, why, from);
  }

  #nodes(target: Uint8Array, want: Want | null, from: Endpoint, now: Millis): Reply {
    const { family, nodesNear } = this.#parts;
    const { n4, n6 } = want ?? { n4: family === 4, n6: family === 6 };
    const nodes = n4 ? nodesNear(target, 4, from, now) : undefined;
    const nodes6 = n6 ? nodesNear(target, 6, from, now) : undefined;
    return { ...(nodes && { nodes }), ...(nodes6 && { nodes6 }) };
  }

  #encode(transaction: Uint8Array, answer: Reply, to: Endpoint): Uint8Array {
    return encodeAnswer(transaction, this.#parts.ownId(), answer, to);
  }
}

/** The key under which a mutable item is stored (BEP 44). */
export function mutableTarget(
  sha1: (bytes: Uint8Array) => Uint8Array,
  publicKey: Uint8Array,
  salt: Uint8Array = NO_SALT,
): Uint8Array {
  return sha1(concatBytes(publicKey, salt));
}

function wrongToken(transaction: Uint8Array, to: Endpoint): Uint8Array {
  return encodeError(transaction, KRPC_ERRORS.protocol, "the token is wrong", to);
}

function full(transaction: Uint8Array, to: Endpoint): Uint8Array {
  return encodeError(transaction, KRPC_ERRORS.server, "there is no room", to);
}

import { type Endpoint, type Family, nearnessOf } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { encodeAnswer, encodeError, type Reply } from "../../wire/krpc.ts";
import type { Contact } from "../../wire/krpc-contacts.ts";
import { itemToSign, KRPC_ERRORS, type Query, type Want } from "../../wire/krpc-query.ts";
import { mutableTarget } from "./items.ts";
import type { Storage } from "./storage.ts";
import type { Tokens } from "./tokens.ts";

/** BEP 32, "Maximum packet size". An item of BEP 44 with its key and signature may need more, and gets that alone. */
const MAX_BYTES = 1_024;
const MAX_ITEM_BYTES = 1_400;
/** What every answer has, but for the transaction number; then what the parts of one need, with their keys. */
const BASE_BYTES = 80;
const TOKEN_BYTES = 17;
const NODES_BYTES = 12;
const VALUES_BYTES = 10;
const SAMPLES_BYTES = 46;
const SIGNED_BYTES = 140;
const VALUE_BYTES = 3;
const FILTERS_BYTES = 2 * 266;
const WRONG_TOKEN = "the token is wrong";
const FULL = "there is no room";

/** Who asked, and how. */
export interface Asked {
  readonly transaction: Uint8Array;
  readonly from: Endpoint;
  readonly now: Millis;
  /** Bytes that the answer may have. */
  readonly room: number;
}

/** What answers are made of. */
export interface AnswerParts {
  readonly family: Family;
  readonly ownId: () => Uint8Array;
  readonly storage: Storage;
  readonly tokens: Tokens;
  /** Good nodes near a target, of a family, that `asker` may be told of. */
  readonly nodesNear: (
    target: Uint8Array,
    family: Family,
    asker: Endpoint,
    now: Millis,
  ) => readonly Contact[];
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  /** A peer of a torrent has been put into the storage. */
  readonly onPeer: (infoHash: Uint8Array, peer: Endpoint) => void;
  /** The asker gave back a token that was sent to its address. */
  readonly onProven: (asker: Endpoint, now: Millis) => void;
}

/** Answers the questions of others (BEP 5, 32, 33, 44, 51): what goes in comes out as one packet. */
export class Answers {
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  answer(query: Query, asked: Asked): Uint8Array {
    switch (query.method) {
      case "ping":
        return this.#encode({}, asked);
      case "get_peers":
        return this.#getPeers(query, asked);
      case "announce_peer":
        return this.#announce(query, asked);
      case "get":
        return this.#get(query, asked);
      case "put":
        return this.#put(query, asked);
      case "sample_infohashes": {
        const room = roomOf(asked);
        const nodes = this.#nodes(query.target, query.want, room, asked);
        const samples = this.#parts.storage.samples(asked.now);
        const infoHashes = samples.infoHashes.slice(
          0,
          room.take(SAMPLES_BYTES, 20, samples.infoHashes.length),
        );
        return this.#encode({ ...nodes, samples: { ...samples, infoHashes } }, asked);
      }
      default: {
        const { target, want } = query;
        if (target === null) return refusal(KRPC_ERRORS.unknownMethod, "the method is unknown", asked);
        return this.#encode(this.#nodes(target, want, roomOf(asked), asked), asked);
      }
    }
  }

  #getPeers(query: Query & { method: "get_peers" }, asked: Asked): Uint8Array {
    const { family, storage, tokens } = this.#parts;
    const { from, now } = asked;
    const token = tokens.make(from.host, now);
    const room = roomOf(asked);
    room.left -= TOKEN_BYTES;
    const known = storage.countPeers(query.target, now);
    // Filters take the room of the nodes of the other family (BEP 33).
    const scrape = query.scrape && known > 0 && room.take(0, FILTERS_BYTES, 1) === 1;
    const valueBytes = family === 4 ? 8 : 21;
    // Nodes leave half of it to peers, if there are so many.
    const kept = known === 0 ? 0 : Math.min(VALUES_BYTES + known * valueBytes, Math.floor(room.left / 2));
    room.left -= kept;
    const nodes = this.#nodes(query.target, scrape ? null : query.want, room, asked);
    room.left += kept;
    if (known === 0) return this.#encode({ ...nodes, token }, asked);
    const limit = room.take(VALUES_BYTES, valueBytes, known);
    const { noSeed } = query;
    const found = storage.findPeers(
      query.target,
      limit,
      { noSeed, scrape, asker: nearnessOf(from.host) },
      now,
    );
    const answer = { ...nodes, token, values: found?.values ?? [] };
    if (!found?.filters) return this.#encode(answer, asked);
    const { seeds, peers } = found.filters;
    return this.#encode({ ...answer, seedFilter: seeds, peerFilter: peers }, asked);
  }

  #announce(query: Query & { method: "announce_peer" }, asked: Asked): Uint8Array {
    const { storage, ownId, onPeer } = this.#parts;
    const { from, now } = asked;
    if (!this.#isProof(query.token, asked)) return refusal(KRPC_ERRORS.protocol, WRONG_TOKEN, asked);
    const peer = { host: from.host, port: query.impliedPort ? from.port : query.port };
    if (!storage.addPeer(query.target, peer, query.seed, ownId(), now))
      return refusal(KRPC_ERRORS.server, FULL, asked);
    onPeer(query.target, peer);
    return this.#encode({}, asked);
  }

  #get(query: Query & { method: "get" }, asked: Asked): Uint8Array {
    const { storage, tokens } = this.#parts;
    const { from, now } = asked;
    const token = tokens.make(from.host, now);
    const item = storage.getItem(query.target, now);
    const room = roomOf(asked);
    room.left -= TOKEN_BYTES;
    const seq = item?.signed?.seq ?? null;
    const hasIt = seq !== null && query.seq !== null && seq <= query.seq;
    if (item === null || hasIt) {
      const nodes = this.#nodes(query.target, query.want, room, asked);
      return this.#encode({ ...nodes, token, seq }, asked);
    }
    const { value, signed } = item;
    const bytes = VALUE_BYTES + value.length + (signed === null ? 0 : SIGNED_BYTES);
    const isSent = roomOf(asked, MAX_ITEM_BYTES).left >= TOKEN_BYTES + bytes;
    if (isSent) room.left -= bytes;
    const nodes = this.#nodes(query.target, query.want, room, asked);
    return this.#encode({ ...nodes, token, ...(isSent && { value, signed }) }, asked);
  }

  #put(query: Query & { method: "put" }, asked: Asked): Uint8Array {
    const { storage, ownId, sha1, verify } = this.#parts;
    const { value, signed, salt, cas } = query;
    const { from, now } = asked;
    if (!this.#isProof(query.token, asked)) return refusal(KRPC_ERRORS.protocol, WRONG_TOKEN, asked);
    if (signed !== null && !verify(signed.publicKey, itemToSign(salt, signed.seq, value), signed.signature)) {
      return refusal(KRPC_ERRORS.badSignature, "the signature is wrong", asked);
    }
    const target = signed === null ? sha1(value) : mutableTarget(sha1, signed.publicKey, salt);
    const code = storage.putItem(target, { value, signed, cas }, from.host, ownId(), now);
    if (code === 0) return this.#encode({}, asked);
    if (code === KRPC_ERRORS.server) return refusal(code, FULL, asked);
    const why = code === KRPC_ERRORS.casMismatch ? "there is another number" : "there is a newer one";
    return refusal(code, why, asked);
  }

  #isProof(token: Uint8Array, { from, now }: Asked): boolean {
    const isValid = this.#parts.tokens.isValid(token, from.host, now);
    if (isValid) this.#parts.onProven(from, now);
    return isValid;
  }

  #nodes(target: Uint8Array, want: Want | null, room: Room, { from, now }: Asked): Reply {
    const { family, nodesNear } = this.#parts;
    const { n4, n6 } = want ?? { n4: family === 4, n6: family === 6 };
    const near = (wanted: Family, bytes: number): readonly Contact[] => {
      const nodes = nodesNear(target, wanted, from, now);
      return nodes.slice(0, room.take(NODES_BYTES, bytes, nodes.length));
    };
    return { ...(n4 && { nodes: near(4, 26) }), ...(n6 && { nodes6: near(6, 38) }) };
  }

  #encode(reply: Reply, { transaction, from }: Asked): Uint8Array {
    return encodeAnswer(transaction, this.#parts.ownId(), reply, from);
  }
}

/** Bytes that are left in an answer. */
class Room {
  left: number;

  constructor(left: number) {
    this.left = left;
  }

  /** How many of `count` things of `each` bytes there is room for, behind `head` bytes; it is taken. */
  take(head: number, each: number, count: number): number {
    const fits = Math.min(Math.max(Math.floor((this.left - head) / each), 0), count);
    this.left -= head + fits * each;
    return fits;
  }
}

function roomOf({ transaction, room }: Asked, most = MAX_BYTES): Room {
  return new Room(Math.min(room, most) - BASE_BYTES - transaction.length);
}

function refusal(code: number, message: string, { transaction, from }: Asked): Uint8Array {
  return encodeError(transaction, code, message, from);
}

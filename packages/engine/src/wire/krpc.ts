import { encodeCompactPeer, type Endpoint } from "../base/address.ts";
import { ProtocolError } from "../base/errors.ts";
import { concatBytes, utf8Text } from "../base/bytes.ts";
import { type BencodeValue, decodeBencode, encodeBencode, EncodedBencode } from "./bencode.ts";
import { type Contact, decodeContacts, decodePeer, encodeContacts, ID_BYTES } from "./krpc-contacts.ts";
import {
  decodeQuery,
  decodeSigned,
  isItemValue,
  isMethodName,
  MAX_TOKEN_BYTES,
  KRPC_ERRORS,
  type Query,
  queryArguments,
  QueryError,
  type Signed,
} from "./krpc-query.ts";

/** "SH" for Shoal (BEP 20) and a version of ours. */
const VERSION = Uint8Array.of(0x53, 0x48, 0, 1);
const MAX_PACKET_BYTES = 4_096;
const MAX_DEPTH = 32;
const MAX_TOKENS = 1_000;
const MAX_TRANSACTION_BYTES = 32;
const MAX_CONTACTS = 32;
const MAX_VALUES = 200;
const MAX_SAMPLES = 100;
const MAX_ERROR_TEXT = 200;
/** BEP 51: longest time for which a choice of samples may stand. */
const MAX_INTERVAL_SECONDS = 21_600;
/** BEP 33: bytes of a Bloom filter. */
const FILTER_BYTES = 256;
const NOTHING = new Uint8Array(0);

/** What is answered to a question (BEP 5, 32, 33, 44, 51); null or empty for what is absent. Byte arrays are views of the packet, except ids of contacts. */
export interface Answer {
  readonly nodes: readonly Contact[];
  readonly nodes6: readonly Contact[];
  readonly token: Uint8Array | null;
  readonly values: readonly Endpoint[];
  /** Bloom filters of 256 bytes. */
  readonly seedFilter: Uint8Array | null;
  readonly peerFilter: Uint8Array | null;
  /** Canonical bencode. */
  readonly value: Uint8Array | null;
  readonly signed: Signed | null;
  /** BEP 44: given without a value when that is no newer than the asker's. */
  readonly seq: bigint | null;
  readonly samples: Samples | null;
}

/** BEP 51. */
export interface Samples {
  readonly infoHashes: readonly Uint8Array[];
  readonly total: number;
  readonly intervalSeconds: number;
}

/** What comes back when all is well. */
export interface KrpcAnswer {
  readonly kind: "answer";
  readonly transaction: Uint8Array;
  readonly id: Uint8Array;
  /** BEP 42: our address as the other sees it. */
  readonly ip: Endpoint | null;
  readonly answer: Answer;
}

/** A packet of the DHT's protocol (BEP 5, "KRPC Protocol"). */
export type KrpcPacket =
  | {
      readonly kind: "query";
      readonly transaction: Uint8Array;
      readonly id: Uint8Array;
      /** BEP 43. */
      readonly readOnly: boolean;
      readonly query: Query;
    }
  | {
      /** A question that can't be served; the asker is told `code`. */
      readonly kind: "bad-query";
      readonly transaction: Uint8Array;
      readonly code: number;
      readonly message: string;
    }
  | KrpcAnswer
  | {
      readonly kind: "error";
      readonly transaction: Uint8Array;
      readonly ip: Endpoint | null;
      readonly code: number;
      readonly message: string;
    };

/** Reads a packet. Throws ProtocolError when not even an error could be sent back. */
export function decodeKrpc(packet: Uint8Array): KrpcPacket {
  const root = decodeBencode(packet, {
    maxBytes: MAX_PACKET_BYTES,
    maxDepth: MAX_DEPTH,
    maxTokens: MAX_TOKENS,
  });
  const transaction = root.getBytes("t");
  if (transaction === null || transaction.length === 0 || transaction.length > MAX_TRANSACTION_BYTES)
    throw new ProtocolError("a packet of the DHT has no transaction number");
  switch (root.getText("y")) {
    case "q":
      return decodeQuestion(root, transaction);
    case "r":
      return decodeReply(root, transaction);
    case "e":
      return decodeError(root, transaction);
    default:
      throw new ProtocolError("a packet of the DHT is of an unknown kind");
  }
}

export function encodeQuery(
  transaction: Uint8Array,
  id: Uint8Array,
  query: Exclude<Query, { method: "unknown" }>,
  readOnly: boolean,
): Uint8Array {
  return encodeBencode({
    a: { ...queryArguments(query), id },
    q: query.method,
    ro: readOnly ? 1 : undefined,
    t: transaction,
    v: VERSION,
    y: "q",
  });
}

/** What we answer: only what is given is written. `values` are compact addresses. */
export type Reply = Partial<Omit<Answer, "values"> & { readonly values: readonly Uint8Array[] }>;

/** `to` is told its own address (BEP 42). */
export function encodeAnswer(
  transaction: Uint8Array,
  id: Uint8Array,
  answer: Reply,
  to: Endpoint,
): Uint8Array {
  const { nodes, nodes6, token, values, seedFilter, peerFilter, value, signed, seq, samples } = answer;
  return encodeBencode({
    ip: encodeCompactPeer(to) ?? undefined,
    r: {
      BFpe: peerFilter ?? undefined,
      BFsd: seedFilter ?? undefined,
      id,
      interval: samples?.intervalSeconds,
      k: signed?.publicKey,
      nodes: nodes === undefined ? undefined : encodeContacts(nodes, 4),
      nodes6: nodes6 === undefined ? undefined : encodeContacts(nodes6, 6),
      num: samples?.total,
      samples: samples === undefined || samples === null ? undefined : concatBytes(...samples.infoHashes),
      seq: signed?.seq ?? seq ?? undefined,
      sig: signed?.signature,
      token: token ?? undefined,
      v: value === undefined || value === null ? undefined : new EncodedBencode(value),
      values: values === undefined || values.length === 0 ? undefined : values,
    },
    t: transaction,
    v: VERSION,
    y: "r",
  });
}

export function encodeError(
  transaction: Uint8Array,
  code: number,
  message: string,
  to: Endpoint,
): Uint8Array {
  return encodeBencode({
    e: [code, message],
    ip: encodeCompactPeer(to) ?? undefined,
    t: transaction,
    v: VERSION,
    y: "e",
  });
}

function decodeQuestion(root: BencodeValue, transaction: Uint8Array): KrpcPacket {
  const name = root.getBytes("q");
  const args = root.getDictionary("a");
  const id = args?.getBytes("id");
  if (name === null || !isMethodName(name) || !args || id?.length !== ID_BYTES) {
    const message = "the method, the arguments or the id are missing or wrong";
    return { kind: "bad-query", transaction, code: KRPC_ERRORS.protocol, message };
  }
  const readOnly = root.getNumber("ro") === 1;
  try {
    return { kind: "query", transaction, id, readOnly, query: decodeQuery(utf8Text(name), args) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return { kind: "bad-query", transaction, code: error.krpcCode, message: error.message };
  }
}

function decodeReply(root: BencodeValue, transaction: Uint8Array): KrpcPacket {
  const reply = root.getDictionary("r");
  const id = reply?.getBytes("id");
  if (!reply || id?.length !== ID_BYTES) throw new ProtocolError("an answer of the DHT has no id");
  const seq = reply.get("seq")?.asInteger() ?? null;
  const value = reply.get("v")?.encoded ?? null;
  const answer: Answer = {
    nodes: decodeContacts(reply.getBytes("nodes") ?? NOTHING, 4, MAX_CONTACTS),
    nodes6: decodeContacts(reply.getBytes("nodes6") ?? NOTHING, 6, MAX_CONTACTS),
    token: bounded(reply.getBytes("token")),
    values: decodeValues(reply),
    seedFilter: filterOf(reply, "BFsd"),
    peerFilter: filterOf(reply, "BFpe"),
    value: value !== null && isItemValue(value) ? value : null,
    signed: decodeSigned(reply),
    seq: seq === null ? null : BigInt(seq),
    samples: decodeSamples(reply),
  };
  return { kind: "answer", transaction, id, ip: ipOf(root), answer };
}

function decodeError(root: BencodeValue, transaction: Uint8Array): KrpcPacket {
  const list = root.getList("e") ?? [];
  const code = list[0]?.asNumber() ?? 0;
  const message = (list[1]?.asText() ?? "").slice(0, MAX_ERROR_TEXT);
  return { kind: "error", transaction, ip: ipOf(root), code, message };
}

/** A stranger's token is given back as it is, so it must fit into our packet. */
function bounded(token: Uint8Array | null): Uint8Array | null {
  return token === null || token.length === 0 || token.length > MAX_TOKEN_BYTES ? null : token;
}

function ipOf(root: BencodeValue): Endpoint | null {
  const bytes = root.getBytes("ip");
  return bytes === null ? null : decodePeer(bytes);
}

function decodeValues(reply: BencodeValue): Endpoint[] {
  const peers: Endpoint[] = [];
  for (const item of reply.getList("values") ?? []) {
    if (peers.length === MAX_VALUES) break;
    const bytes = item.asBytes();
    const peer = bytes === null ? null : decodePeer(bytes);
    if (peer !== null) peers.push(peer);
  }
  return peers;
}

function filterOf(reply: BencodeValue, key: string): Uint8Array | null {
  const filter = reply.getBytes(key);
  return filter?.length === FILTER_BYTES ? filter : null;
}

function decodeSamples(reply: BencodeValue): Samples | null {
  const bytes = reply.getBytes("samples");
  if (bytes === null) return null;
  const infoHashes: Uint8Array[] = [];
  for (let at = 0; at + ID_BYTES <= bytes.length && infoHashes.length < MAX_SAMPLES; at += ID_BYTES) {
    infoHashes.push(bytes.slice(at, at + ID_BYTES));
  }
  const total = Math.max(reply.getNumber("num") ?? 0, infoHashes.length);
  const interval = reply.getNumber("interval") ?? 0;
  return { infoHashes, total, intervalSeconds: Math.min(Math.max(interval, 0), MAX_INTERVAL_SECONDS) };
}

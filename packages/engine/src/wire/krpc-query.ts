import { concatBytes, utf8 } from "../base/bytes.ts";
import { type BencodeInput, type BencodeValue, decodeBencode, EncodedBencode } from "./bencode.ts";
import { ProtocolError, validOrNull } from "../base/errors.ts";
import { ID_BYTES } from "./krpc-contacts.ts";

/** Longest value of an item (BEP 44), as bencode. */
const MAX_ITEM_BYTES = 1_000;
/** Longest salt of a mutable item (BEP 44). */
export const MAX_SALT_BYTES = 64;
export const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Longest token that is taken from others. */
export const MAX_TOKEN_BYTES = 64;
const MAX_METHOD_BYTES = 64;

/** Codes of KRPC errors (BEP 5, "Errors"; BEP 44). */
export const KRPC_ERRORS = {
  server: 202,
  protocol: 203,
  unknownMethod: 204,
  valueTooBig: 205,
  badSignature: 206,
  saltTooBig: 207,
  casMismatch: 301,
  oldSequence: 302,
} as const;

/** Which families of nodes are wanted in the answer (BEP 32); null means that of the packet. */
export interface Want {
  readonly n4: boolean;
  readonly n6: boolean;
}

/** The signed part of a mutable item (BEP 44). */
export interface Signed {
  readonly publicKey: Uint8Array;
  readonly seq: bigint;
  readonly signature: Uint8Array;
}

/** A question with its arguments (BEP 5, 33, 44, 51). `value` is bencode. */
export type Query =
  | { readonly method: "ping" }
  | {
      readonly method: "find_node" | "sample_infohashes";
      readonly target: Uint8Array;
      readonly want: Want | null;
    }
  | {
      readonly method: "get_peers";
      readonly target: Uint8Array;
      readonly want: Want | null;
      readonly noSeed: boolean;
      readonly scrape: boolean;
    }
  | {
      readonly method: "announce_peer";
      readonly target: Uint8Array;
      /** 0 to 65535. */
      readonly port: number;
      readonly impliedPort: boolean;
      readonly seed: boolean;
      readonly token: Uint8Array;
    }
  | {
      readonly method: "get";
      readonly target: Uint8Array;
      readonly want: Want | null;
      /** Only a newer item is wanted. */
      readonly seq: bigint | null;
    }
  | {
      readonly method: "put";
      readonly token: Uint8Array;
      readonly value: Uint8Array;
      /** Null for an immutable item. */
      readonly signed: Signed | null;
      readonly salt: Uint8Array;
      readonly cas: bigint | null;
    }
  | { readonly method: "unknown"; readonly target: Uint8Array | null; readonly want: Want | null };

/** A question that can't be understood; the code is for the asker. */
export class QueryError extends ProtocolError {
  readonly krpcCode: number;

  constructor(krpcCode: number, message: string) {
    super(message, { krpcCode });
    this.krpcCode = krpcCode;
  }
}

/** Reads the arguments of a question. Throws QueryError. The results are views of the input. */
export function decodeQuery(method: string, args: BencodeValue): Query {
  switch (method) {
    case "ping":
      return { method };
    case "find_node":
    case "sample_infohashes":
      return { method, target: idOf(args, "target"), want: wantOf(args) };
    case "get_peers":
      return {
        method,
        target: idOf(args, "info_hash"),
        want: wantOf(args),
        noSeed: isSet(args, "noseed"),
        scrape: isSet(args, "scrape"),
      };
    case "announce_peer":
      return decodeAnnounce(args);
    case "get":
      return { method, target: idOf(args, "target"), want: wantOf(args), seq: numberOf(args, "seq") };
    case "put":
      return decodePut(args);
    default: {
      // Questions of later inventions are answered with nodes near their target, so that they can walk across us.
      const target = args.getBytes("target") ?? args.getBytes("info_hash");
      return { method: "unknown", target: target?.length === ID_BYTES ? target : null, want: wantOf(args) };
    }
  }
}

/** Arguments as they are written, without the asker's id. */
export function queryArguments(query: Query): { [key: string]: BencodeInput | undefined } {
  switch (query.method) {
    case "ping":
      return {};
    case "find_node":
    case "sample_infohashes":
      return { target: query.target, want: wantList(query.want) };
    case "get_peers":
      return {
        info_hash: query.target,
        want: wantList(query.want),
        noseed: query.noSeed ? 1 : undefined,
        scrape: query.scrape ? 1 : undefined,
      };
    case "announce_peer":
      return {
        info_hash: query.target,
        port: query.port,
        implied_port: query.impliedPort ? 1 : undefined,
        seed: query.seed ? 1 : undefined,
        token: query.token,
      };
    case "get":
      return { target: query.target, want: wantList(query.want), seq: query.seq ?? undefined };
    case "put":
      return {
        token: query.token,
        v: new EncodedBencode(query.value),
        k: query.signed?.publicKey,
        seq: query.signed?.seq,
        sig: query.signed?.signature,
        salt: query.salt.length > 0 ? query.salt : undefined,
        cas: query.cas ?? undefined,
      };
    default:
      return { target: query.target ?? undefined };
  }
}

/** What is signed of a mutable item (BEP 44, "Signature Verification"). */
export function itemToSign(salt: Uint8Array, seq: bigint, value: Uint8Array): Uint8Array {
  const head = salt.length === 0 ? "" : `4:salt${salt.length}:`;
  return concatBytes(utf8(head), salt, utf8(`3:seqi${seq}e1:v`), value);
}

/** Whether bytes are exactly one canonical bencoded value of at most `MAX_ITEM_BYTES`. */
export function isItemValue(value: Uint8Array): boolean {
  return validOrNull(() => decodeBencode(value, { maxBytes: MAX_ITEM_BYTES, sorted: true })) !== null;
}

function decodeAnnounce(args: BencodeValue): Query {
  const port = args.getNumber("port") ?? 0;
  const impliedPort = isSet(args, "implied_port");
  if (!impliedPort && (port < 1 || port > 65_535))
    throw new QueryError(KRPC_ERRORS.protocol, "the port is wrong");
  return {
    method: "announce_peer",
    target: idOf(args, "info_hash"),
    port: impliedPort ? 0 : port,
    impliedPort,
    seed: isSet(args, "seed"),
    token: tokenOf(args),
  };
}

function decodePut(args: BencodeValue): Query {
  const value = args.get("v")?.encoded;
  if (value === undefined) throw new QueryError(KRPC_ERRORS.protocol, "the value is missing");
  if (value.length > MAX_ITEM_BYTES) throw new QueryError(KRPC_ERRORS.valueTooBig, "the value is too big");
  const salt = args.getBytes("salt") ?? new Uint8Array(0);
  if (salt.length > MAX_SALT_BYTES) throw new QueryError(KRPC_ERRORS.saltTooBig, "the salt is too big");
  if (!isItemValue(value)) throw new QueryError(KRPC_ERRORS.protocol, "the value is not canonical bencode");
  const token = tokenOf(args);
  if (args.get("k") === null)
    return { method: "put", token, value, signed: null, salt: new Uint8Array(0), cas: null };
  const signed = decodeSigned(args);
  if (signed === null) throw new QueryError(KRPC_ERRORS.protocol, "key, number or signature is wrong");
  return { method: "put", token, value, signed, salt, cas: numberOf(args, "cas") };
}

/** Key, number and signature of a mutable item, or null when one is missing or wrong. */
export function decodeSigned(source: BencodeValue): Signed | null {
  const publicKey = source.getBytes("k");
  const signature = source.getBytes("sig");
  const seq = numberOf(source, "seq");
  if (publicKey?.length !== PUBLIC_KEY_BYTES || signature?.length !== SIGNATURE_BYTES) return null;
  return seq === null || seq < 0n ? null : { publicKey, seq, signature };
}

function idOf(args: BencodeValue, key: string): Uint8Array {
  const id = args.getBytes(key);
  if (id?.length !== ID_BYTES) throw new QueryError(KRPC_ERRORS.protocol, `${key} is missing or wrong`);
  return id;
}

function tokenOf(args: BencodeValue): Uint8Array {
  const token = args.getBytes("token");
  if (token === null || token.length === 0 || token.length > MAX_TOKEN_BYTES) {
    throw new QueryError(KRPC_ERRORS.protocol, "the token is missing or wrong");
  }
  return token;
}

function isSet(args: BencodeValue, key: string): boolean {
  const value = args.getNumber(key);
  return value !== null && value !== 0;
}

function numberOf(source: BencodeValue, key: string): bigint | null {
  const value = source.get(key)?.asInteger() ?? null;
  return value === null ? null : BigInt(value);
}

function wantOf(args: BencodeValue): Want | null {
  const list = args.getList("want");
  if (list === null) return null;
  const names = list.slice(0, 4).map((item) => item.asText());
  const want = { n4: names.includes("n4"), n6: names.includes("n6") };
  return want.n4 || want.n6 ? want : null;
}

function wantList(want: Want | null): string[] | undefined {
  if (want === null) return undefined;
  return [...(want.n4 ? ["n4"] : []), ...(want.n6 ? ["n6"] : [])];
}

/** Whether a method's name may be told apart at all. */
export function isMethodName(name: Uint8Array): boolean {
  return name.length > 0 && name.length <= MAX_METHOD_BYTES;
}

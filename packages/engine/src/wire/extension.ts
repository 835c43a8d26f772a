import { formatIp } from "../base/address.ts";
import { concatBytes, readU32, utf8TextStrict, writeU32 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { decodeBencodePrefix, encodeBencode, type BencodeOptions, type BencodeValue } from "./bencode.ts";

/** Size of the parts in which metadata is exchanged (BEP 9). */
export const METADATA_PIECE_BYTES = 16_384;
/** Largest info dictionary that may be announced. */
export const MAX_METADATA_BYTES = 31_457_280;

const HANDSHAKE_LIMITS: BencodeOptions = {
  maxBytes: 65_536,
  maxDepth: 16,
  maxTokens: 2_000,
  duplicates: "mark",
};
const METADATA_LIMITS: BencodeOptions = { maxBytes: 65_536, maxDepth: 4, maxTokens: 64, duplicates: "mark" };
const MAX_EXTENSIONS = 256;
const MAX_NAME = 64;
const MAX_CLIENT_NAME = 128;
const MAX_PARTS = MAX_METADATA_BYTES / METADATA_PIECE_BYTES;

/** What a peer says of itself in an extension handshake (BEP 10); null for what is absent or out of bounds. */
export interface ExtensionHandshake {
  /** Ids (1 to 255) of the peer's extension messages by name; 0 takes an extension back. */
  readonly extensions: ReadonlyMap<string, number>;
  /** `v`, at most 128 characters of unchecked text. */
  readonly clientName: string | null;
  /** `p`: TCP port on which the peer listens. */
  readonly port: number | null;
  /** Requests that the peer queues without dropping any. */
  readonly reqq: number | null;
  /** Bytes of the info dictionary (BEP 9), 1 to `MAX_METADATA_BYTES`. */
  readonly metadataSize: number | null;
  /** The peer wants nothing any more (BEP 21). */
  readonly uploadOnly: boolean | null;
  /** Our address as the peer sees it. */
  readonly yourIp: string | null;
  /** Other addresses of the peer. */
  readonly ipv4: string | null;
  readonly ipv6: string | null;
}

/** What we say of ourselves; what is absent or null is left out. */
export interface OwnExtensionHandshake {
  readonly extensions: ReadonlyMap<string, number>;
  readonly clientName?: string | null;
  /** 0 when we don't listen: left out. */
  readonly port?: number | null;
  readonly reqq?: number | null;
  readonly metadataSize?: number | null;
  readonly uploadOnly?: boolean;
  /** 4 or 16 bytes. */
  readonly yourIp?: Uint8Array | null;
  /** Our other addresses: 4 and 16 bytes. */
  readonly ipv4?: Uint8Array | null;
  readonly ipv6?: Uint8Array | null;
}

/** Payload of extended message 0 (BEP 10). */
export function encodeExtensionHandshake(own: OwnExtensionHandshake): Uint8Array {
  return encodeBencode({
    m: own.extensions,
    v: own.clientName ?? undefined,
    p: own.port || undefined,
    reqq: own.reqq ?? undefined,
    metadata_size: own.metadataSize ?? undefined,
    upload_only: own.uploadOnly === true ? 1 : undefined,
    yourip: own.yourIp ?? undefined,
    ipv4: own.ipv4 ?? undefined,
    ipv6: own.ipv6 ?? undefined,
  });
}

/** Reads the payload of extended message 0. Throws ProtocolError only when it is no bencoded dictionary within limits. */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake {
  const root = decodeBencodePrefix(payload, HANDSHAKE_LIMITS);
  if (root.kind !== "dictionary") throw new ProtocolError("an extension handshake is not a dictionary");
  const uploadOnly = numberWithin(root, "upload_only", 0, Number.MAX_SAFE_INTEGER);
  return {
    extensions: readExtensions(root.getDictionary("m")),
    clientName: root.getText("v")?.slice(0, MAX_CLIENT_NAME) ?? null,
    port: numberWithin(root, "p", 1, 65_535),
    reqq: numberWithin(root, "reqq", 1, Number.MAX_SAFE_INTEGER),
    metadataSize: numberWithin(root, "metadata_size", 1, MAX_METADATA_BYTES),
    uploadOnly: uploadOnly === null ? null : uploadOnly !== 0,
    yourIp: readAddress(root, "yourip", [4, 16]),
    ipv4: readAddress(root, "ipv4", [4]),
    ipv6: readAddress(root, "ipv6", [16]),
  };
}

/** Metadata exchange (BEP 9). `data` is a view of the payload. */
export type MetadataMessage =
  | { readonly type: "request" | "reject"; readonly piece: number }
  | { readonly type: "data"; readonly piece: number; readonly totalSize: number; readonly data: Uint8Array };

export function encodeMetadataRequest(piece: number): Uint8Array {
  return encodeBencode({ msg_type: 0, piece });
}

export function encodeMetadataReject(piece: number): Uint8Array {
  return encodeBencode({ msg_type: 2, piece });
}

/** `data` is the part's bytes, `totalSize` the size of the whole info dictionary. */
export function encodeMetadataData(piece: number, totalSize: number, data: Uint8Array): Uint8Array {
  return concatBytes(encodeBencode({ msg_type: 1, piece, total_size: totalSize }), data);
}

/**
 * Reads a ut_metadata message; null for a kind that we don't know, which is to be ignored. Throws ProtocolError when it is
 * malformed, or its data does not have the length that its piece of `totalSize` bytes has.
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | null {
  const head = decodeBencodePrefix(payload.subarray(0, 65_536), METADATA_LIMITS);
  const type = head.getNumber("msg_type");
  if (type === null) throw new ProtocolError("a metadata message has no kind");
  if (type < 0 || type > 2) return null;
  const piece = numberWithin(head, "piece", 0, MAX_PARTS - 1);
  if (piece === null) throw new ProtocolError("a metadata message has no usable piece index");
  if (type !== 1) return { type: type === 0 ? "request" : "reject", piece };
  const totalSize = numberWithin(head, "total_size", 1, MAX_METADATA_BYTES);
  const data = payload.subarray(head.end);
  const left = (totalSize ?? 0) - piece * METADATA_PIECE_BYTES;
  if (totalSize === null || left <= 0 || data.length !== Math.min(left, METADATA_PIECE_BYTES)) {
    throw new ProtocolError("a metadata message has the wrong amount of data", { piece, bytes: data.length });
  }
  return { type: "data", piece, totalSize, data };
}

/** Payload of lt_donthave (BEP 54): we lost a piece. */
export function encodeDontHave(piece: number): Uint8Array {
  const payload = new Uint8Array(4);
  writeU32(payload, 0, piece);
  return payload;
}

/** The piece of an lt_donthave message, not compared with the torrent yet. Throws ProtocolError on another length than 4. */
export function decodeDontHave(payload: Uint8Array): number {
  if (payload.length !== 4) throw new ProtocolError("a donthave message has the wrong length");
  return readU32(payload, 0);
}

/** Payload of the upload_only message, by which the state of BEP 21 changes after the handshake. */
export function encodeUploadOnly(uploadOnly: boolean): Uint8Array {
  return Uint8Array.of(uploadOnly ? 1 : 0);
}

/** Throws ProtocolError when the payload is not one byte. */
export function decodeUploadOnly(payload: Uint8Array): boolean {
  if (payload.length !== 1) throw new ProtocolError("an upload_only message has the wrong length");
  return payload[0] !== 0;
}

function readExtensions(m: BencodeValue | null): Map<string, number> {
  const extensions = new Map<string, number>();
  for (const [key, value] of m?.asEntries() ?? []) {
    const id = value.asNumber();
    const name = key.length <= MAX_NAME ? utf8TextStrict(key) : null;
    if (id === null || id < 0 || id > 255 || name === null) continue;
    if (extensions.size >= MAX_EXTENSIONS) break;
    extensions.set(name, id);
  }
  return extensions;
}

function numberWithin(root: BencodeValue, key: string, min: number, max: number): number | null {
  const value = root.getNumber(key);
  return value !== null && value >= min && value <= max ? value : null;
}

function readAddress(root: BencodeValue, key: string, lengths: readonly number[]): string | null {
  const bytes = root.getBytes(key);
  return bytes !== null && lengths.includes(bytes.length) ? formatIp(bytes) : null;
}

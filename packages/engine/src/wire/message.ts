import { writeU32 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { HASH_REQUEST_PAYLOAD_BYTES, writeHashRequest, type HashRequest } from "./hash-request.ts";

export type { HashRequest } from "./hash-request.ts";

/** Message ids of BEP 3, 5, 6, 10 and 52. */
export const ID_CHOKE = 0;
export const ID_UNCHOKE = 1;
export const ID_INTERESTED = 2;
export const ID_NOT_INTERESTED = 3;
export const ID_HAVE = 4;
export const ID_BITFIELD = 5;
export const ID_REQUEST = 6;
export const ID_PIECE = 7;
export const ID_CANCEL = 8;
export const ID_PORT = 9;
export const ID_SUGGEST = 13;
export const ID_HAVE_ALL = 14;
export const ID_HAVE_NONE = 15;
export const ID_REJECT = 16;
export const ID_ALLOWED_FAST = 17;
export const ID_EXTENDED = 20;
export const ID_HASH_REQUEST = 21;
export const ID_HASHES = 22;
export const ID_HASH_REJECT = 23;

/** A bit of the eight reserved handshake bytes: which byte, and the mask in it. */
export interface ReservedBit {
  readonly byte: number;
  readonly mask: number;
}
/** BEP 10. */
export const RESERVED_EXTENSION: ReservedBit = { byte: 5, mask: 0x10 };
/** BEP 6. */
export const RESERVED_FAST: ReservedBit = { byte: 7, mask: 0x04 };
/** BEP 5. */
export const RESERVED_DHT: ReservedBit = { byte: 7, mask: 0x01 };
/** BEP 52: this side knows the v2 form of the hybrid torrent whose v1 info-hash is being sent. */
export const RESERVED_V2: ReservedBit = { byte: 7, mask: 0x10 };

/** Whether `bit` is set in the eight reserved bytes of a handshake. */
export function hasReserved(reserved: Uint8Array, bit: ReservedBit): boolean {
  return ((reserved[bit.byte] ?? 0) & bit.mask) !== 0;
}

/** Eight reserved bytes with the given bits set. */
export function reservedBytes(bits: readonly ReservedBit[]): Uint8Array {
  const bytes = new Uint8Array(8);
  for (const bit of bits) bytes[bit.byte]! |= bit.mask;
  return bytes;
}

/** Length of the handshake that begins every connection (BEP 3). */
export const HANDSHAKE_BYTES = 68;
/** Byte 19 and "BitTorrent protocol". */
export const PROTOCOL_STRING: Uint8Array = Uint8Array.of(
  19,
  ...Array.from("BitTorrent protocol", (character) => character.charCodeAt(0)),
);
/** Length prefix, id, piece index and begin: what precedes the payload of a piece message. */
export const PIECE_HEADER_BYTES = 13;
/**
 * Writes the 13 bytes before the payload of a piece message at `offset` of `target`.
 * `length` is the number of payload bytes.
 */
export function writePieceHeader(
  target: Uint8Array,
  offset: number,
  piece: number,
  begin: number,
  length: number,
): void {
  writeU32(target, offset, length + 9);
  target[offset + 4] = ID_PIECE;
  writeU32(target, offset + 5, piece);
  writeU32(target, offset + 9, begin);
}

/** A writer that has grown beyond this starts small again once its messages are taken. */
const KEPT_BYTES = 4096;

/**
 * Puts many messages one after another into one buffer, which grows when needed. What was written lies in
 * `bytes[0..length)` until `reset`, or is handed out by `take`.
 */
export class MessageWriter {
  readonly #capacity: number;
  #bytes: Uint8Array;
  #length: number;

  /** `capacity` in bytes; a few KiB hold all messages of one turn of a busy peer. */
  constructor(capacity: number = 4096) {
    this.#capacity = Math.max(capacity, HANDSHAKE_BYTES);
    this.#bytes = new Uint8Array(this.#capacity);
    this.#length = 0;
  }

  /** The buffer; replaced by a larger one when a message does not fit. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Number of bytes written since the last `reset` or `take`. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written. */
  reset(): void {
    this.#length = 0;
  }

  /** What was written, which the caller owns; then as `reset`. */
  take(): Uint8Array {
    const length = this.#length;
    this.#length = 0;
    if (length <= KEPT_BYTES) return this.#bytes.slice(0, length);
    // A bitfield or many blocks of hashes: a buffer of that size is not kept for the next small messages.
    const bytes = this.#bytes;
    this.#bytes = new Uint8Array(this.#capacity);
    return bytes.subarray(0, length);
  }

  /** `reserved` 8 bytes, `infoHash` 20 bytes (v1, or truncated v2), `peerId` 20 bytes. */
  handshake(reserved: Uint8Array, infoHash: Uint8Array, peerId: Uint8Array): void {
    if (reserved.length !== 8 || infoHash.length !== 20 || peerId.length !== 20) {
      throw new ProtocolError("handshake field has the wrong length");
    }
    const at = this.#reserve(HANDSHAKE_BYTES);
    this.#bytes.set(PROTOCOL_STRING, at);
    this.#bytes.set(reserved, at + 20);
    this.#bytes.set(infoHash, at + 28);
    this.#bytes.set(peerId, at + 48);
  }

  keepAlive(): void {
    const at = this.#reserve(4);
    writeU32(this.#bytes, at, 0);
  }

  choke(): void {
    this.#plain(ID_CHOKE);
  }

  unchoke(): void {
    this.#plain(ID_UNCHOKE);
  }

  interested(): void {
    this.#plain(ID_INTERESTED);
  }

  notInterested(): void {
    this.#plain(ID_NOT_INTERESTED);
  }

  have(piece: number): void {
    this.#oneNumber(ID_HAVE, piece);
  }

  /** `bits` in wire order, spare bits zero: `Bitfield.bytes`. */
  bitfield(bits: Uint8Array): void {
    const at = this.#head(ID_BITFIELD, bits.length);
    this.#bytes.set(bits, at);
  }

  request(piece: number, begin: number, length: number): void {
    this.#threeNumbers(ID_REQUEST, piece, begin, length);
  }

  cancel(piece: number, begin: number, length: number): void {
    this.#threeNumbers(ID_CANCEL, piece, begin, length);
  }

  /** BEP 6. */
  reject(piece: number, begin: number, length: number): void {
    this.#threeNumbers(ID_REJECT, piece, begin, length);
  }

  /** Only the 13 bytes before the payload; `length` payload bytes must follow on the connection. */
  pieceHeader(piece: number, begin: number, length: number): void {
    const at = this.#reserve(PIECE_HEADER_BYTES);
    writePieceHeader(this.#bytes, at, piece, begin, length);
  }

  /** BEP 5: UDP port of the DHT node. */
  port(port: number): void {
    const at = this.#head(ID_PORT, 2);
    this.#bytes[at] = port >>> 8;
    this.#bytes[at + 1] = port;
  }

  /** BEP 6. */
  suggest(piece: number): void {
    this.#oneNumber(ID_SUGGEST, piece);
  }

  /** BEP 6. */
  haveAll(): void {
    this.#plain(ID_HAVE_ALL);
  }

  /** BEP 6. */
  haveNone(): void {
    this.#plain(ID_HAVE_NONE);
  }

  /** BEP 6. */
  allowedFast(piece: number): void {
    this.#oneNumber(ID_ALLOWED_FAST, piece);
  }

  /** BEP 10: `id` is 0 for the handshake, else what the other side's handshake gave to the extension. */
  extended(id: number, payload: Uint8Array): void {
    const at = this.#head(ID_EXTENDED, payload.length + 1);
    this.#bytes[at] = id;
    this.#bytes.set(payload, at + 1);
  }

  /** BEP 52. */
  hashRequest(request: HashRequest): void {
    this.#hashMessage(ID_HASH_REQUEST, request, 0);
  }

  /** BEP 52: `hashes` holds `request.length` base hashes and then the uncles, lowest first. */
  hashes(request: HashRequest, hashes: Uint8Array): void {
    const at = this.#hashMessage(ID_HASHES, request, hashes.length);
    this.#bytes.set(hashes, at);
  }

  /** BEP 52. */
  hashReject(request: HashRequest): void {
    this.#hashMessage(ID_HASH_REJECT, request, 0);
  }

  /** Makes room for `count` bytes and returns where they start. Replaces `#bytes`: read that only afterwards. */
  #reserve(count: number): number {
    const at = this.#length;
    const end = at + count;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#length = end;
    return at;
  }

  /** Length prefix and id; returns where the payload starts. */
  #head(id: number, payloadLength: number): number {
    const at = this.#reserve(payloadLength + 5);
    writeU32(this.#bytes, at, payloadLength + 1);
    this.#bytes[at + 4] = id;
    return at + 5;
  }

  #plain(id: number): void {
    this.#head(id, 0);
  }

  #oneNumber(id: number, value: number): void {
    const at = this.#head(id, 4);
    writeU32(this.#bytes, at, value);
  }

  #threeNumbers(id: number, first: number, second: number, third: number): void {
    const at = this.#head(id, 12);
    const bytes = this.#bytes;
    writeU32(bytes, at, first);
    writeU32(bytes, at + 4, second);
    writeU32(bytes, at + 8, third);
  }

  /** Returns where `extra` more payload bytes go. */
  #hashMessage(id: number, request: HashRequest, extra: number): number {
    const at = this.#head(id, HASH_REQUEST_PAYLOAD_BYTES + extra);
    writeHashRequest(this.#bytes, at, request);
    return at + HASH_REQUEST_PAYLOAD_BYTES;
  }
}

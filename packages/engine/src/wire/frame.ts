import { concatBytes, copyBytes, readU16, readU32 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { CarryPool } from "./carry-pool.ts";
import { HASH_REQUEST_PAYLOAD_BYTES, readHashRequest, type HashRequest } from "./hash-request.ts";
import {
  HANDSHAKE_BYTES,
  ID_ALLOWED_FAST,
  ID_BITFIELD,
  ID_CANCEL,
  ID_CHOKE,
  ID_EXTENDED,
  ID_HASHES,
  ID_HASH_REJECT,
  ID_HASH_REQUEST,
  ID_HAVE,
  ID_HAVE_ALL,
  ID_HAVE_NONE,
  ID_INTERESTED,
  ID_NOT_INTERESTED,
  ID_PIECE,
  ID_PORT,
  ID_REJECT,
  ID_REQUEST,
  ID_SUGGEST,
  ID_UNCHOKE,
  PIECE_HEADER_BYTES,
  PROTOCOL_STRING,
} from "./message.ts";

/** Largest payload of a piece message: we ask for nothing larger. */
const MAX_BLOCK_BYTES = 16_384;
/** Largest block that a peer may ask of us; no known client asks for more. */
const MAX_REQUEST_BYTES = 131_072;
/** Largest payload of an extended message (BEP 10), and of a message that we don't know. */
const MAX_EXTENDED_BYTES = 1_048_576;
/** Most hashes in a hashes message: 512 of the base layer and one uncle for each layer of a 64-bit file. */
const MAX_HASHES = 576;
/** Bitfield of the largest torrent there is (2,097,152 pieces); the bound while metadata is still unknown. */
const MAX_BITFIELD_BYTES = 262_144;

/**
 * Receives the messages of one connection in order, synchronously from `FrameReader.push`. Byte arrays are views that
 * are overwritten after the call returns, unless said otherwise. Numbers are unsigned 32-bit and not yet compared with
 * the torrent: piece indices and offsets may be out of range. A handler may throw; the reader then stops.
 */
export interface FrameHandler {
  /** Reserved (8), info-hash (20) and peer id (20) are copies that may be kept. Comes once, before all others. */
  onHandshake(reserved: Uint8Array, infoHash: Uint8Array, peerId: Uint8Array): void;
  onKeepAlive(): void;
  onChoke(): void;
  onUnchoke(): void;
  onInterested(): void;
  onNotInterested(): void;
  onHave(piece: number): void;
  /** At most `maxBitfieldBytes` bytes; exact length and spare bits are the receiver's to check. */
  onBitfield(bits: Uint8Array): void;
  /** `length` is 1 to `MAX_REQUEST_BYTES`. */
  onRequest(piece: number, begin: number, length: number): void;
  /** The payload is `data[offset..offset + length)`, 1 to `MAX_BLOCK_BYTES` bytes. */
  onPiece(piece: number, begin: number, data: Uint8Array, offset: number, length: number): void;
  onCancel(piece: number, begin: number, length: number): void;
  onPort(port: number): void;
  onSuggest(piece: number): void;
  onHaveAll(): void;
  onHaveNone(): void;
  onReject(piece: number, begin: number, length: number): void;
  onAllowedFast(piece: number): void;
  /** `payload` without the extension id. */
  onExtended(id: number, payload: Uint8Array): void;
  /** Not yet checked: answer with a reject when `hashRequestProblem` finds something. */
  onHashRequest(request: HashRequest): void;
  /** `hashes` is a multiple of 32 bytes, at least 32. */
  onHashes(request: HashRequest, hashes: Uint8Array): void;
  onHashReject(request: HashRequest): void;
  /** A message whose id we don't know was skipped. */
  onUnknown(id: number): void;
}

/** What a peer may send before its handshake is answered: its extension handshake and a bitfield. */
const MAX_HELD_BYTES = 65_536;

/** A message that straddles two reads is gathered in steps: its length prefix, its id, the rest. */
const PREFIX_BYTES = 4;
const HEAD_BYTES = 5;
/** For each id the exact value of the length prefix; 0 where it varies or the id is unknown. */
const EXACT_LENGTH = new Uint8Array(256);
for (const id of [ID_CHOKE, ID_UNCHOKE, ID_INTERESTED, ID_NOT_INTERESTED, ID_HAVE_ALL, ID_HAVE_NONE]) {
  EXACT_LENGTH[id] = 1;
}
for (const id of [ID_HAVE, ID_SUGGEST, ID_ALLOWED_FAST]) EXACT_LENGTH[id] = 5;
for (const id of [ID_REQUEST, ID_CANCEL, ID_REJECT]) EXACT_LENGTH[id] = 13;
for (const id of [ID_HASH_REQUEST, ID_HASH_REJECT]) EXACT_LENGTH[id] = 1 + HASH_REQUEST_PAYLOAD_BYTES;
EXACT_LENGTH[ID_PORT] = 3;

const sharedPool = new CarryPool(MAX_BLOCK_BYTES + PIECE_HEADER_BYTES, 64);

/**
 * Cuts the byte stream of one peer connection into messages, in place (BEP 3, 5, 6, 10, 52). Only a message that
 * straddles two reads is copied. Every length is checked against its message's kind before anything is kept, so a
 * peer can make us hold at most one message of the largest allowed size, and only as it sends it.
 */
export class FrameReader {
  /** Upper bound for bitfield messages; lower it once the number of pieces is known. */
  maxBitfieldBytes: number;

  readonly #handler: FrameHandler;
  readonly #pool: CarryPool;
  /** Gathers the handshake and messages not longer than it. */
  readonly #small: Uint8Array;
  /** Where the message under way is gathered: `#small` or a larger buffer. */
  #carry: Uint8Array;
  /** Bytes gathered; 0 when no message is under way. */
  #filled: number;
  /** Number of gathered bytes at which the next step can be taken. */
  #wanted: number;
  /** Bytes of a message of unknown kind still to be skipped. */
  #skip: number;
  #skipId: number;
  #greeted: boolean;
  #stopped: boolean;
  #holding: boolean;
  /** What came while holding. */
  #held: Uint8Array | null;

  constructor(handler: FrameHandler, pool: CarryPool = sharedPool) {
    this.maxBitfieldBytes = MAX_BITFIELD_BYTES;
    this.#handler = handler;
    this.#pool = pool;
    this.#small = new Uint8Array(HANDSHAKE_BYTES);
    this.#carry = this.#small;
    this.#filled = 0;
    this.#wanted = PREFIX_BYTES;
    this.#skip = 0;
    this.#skipId = 0;
    this.#greeted = false;
    this.#stopped = false;
    this.#holding = false;
    this.#held = null;
  }

  /** Bytes of memory that an unfinished message holds. */
  get heldBytes(): number {
    return this.#filled === 0 ? 0 : this.#carry.length;
  }

  /**
   * Takes `buffer[start..end)`, the next bytes of the connection. Throws ProtocolError when they break the protocol,
   * and whatever the handler throws; after that, and after `release`, everything is ignored.
   */
  push(buffer: Uint8Array, start: number, end: number): void {
    let at = start;
    try {
      if (this.#held !== null) this.#takeHeld();
      while (at < end && !this.#stopped && !this.#holding) {
        if (!this.#greeted) at = this.#greet(buffer, at, end);
        else if (this.#skip > 0) at = this.#skipOn(at, end);
        else if (this.#filled > 0) at = this.#gather(buffer, at, end);
        else at = this.#readInPlace(buffer, at, end);
      }
      if (this.#holding && at < end) this.#keep(buffer.subarray(at, end));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** For the handler of the handshake: what follows is kept, up to a limit, and handled with the first `push` after `proceed`. */
  hold(): void {
    this.#holding = true;
  }

  proceed(): void {
    this.#holding = false;
  }

  #takeHeld(): void {
    if (this.#holding) return;
    const held = this.#held!;
    this.#held = null;
    this.push(held, 0, held.length);
  }

  #keep(bytes: Uint8Array): void {
    const held = this.#held === null ? copyBytes(bytes) : concatBytes(this.#held, bytes);
    if (held.length > MAX_HELD_BYTES) throw new ProtocolError("too much was sent before an answer");
    this.#held = held;
  }

  /** Ends the reader: gives borrowed memory back and calls the handler no more. The handler itself may call this. */
  release(): void {
    this.#stopped = true;
    this.#releaseCarry();
  }

  /** Each of these takes some of `buffer[start..end)` and returns the new position. */
  #greet(buffer: Uint8Array, start: number, end: number): number {
    const small = this.#small;
    let at = start;
    let filled = this.#filled;
    while (at < end && filled < HANDSHAKE_BYTES) {
      const byte = buffer[at++]!;
      if (filled < PROTOCOL_STRING.length && byte !== PROTOCOL_STRING[filled]) {
        throw new ProtocolError("the other side does not speak BitTorrent");
      }
      small[filled++] = byte;
    }
    this.#filled = filled;
    if (filled === HANDSHAKE_BYTES) {
      this.#greeted = true;
      this.#filled = 0;
      this.#handler.onHandshake(small.slice(20, 28), small.slice(28, 48), small.slice(48));
    }
    return at;
  }

  /** Handles whole messages where they lie, and starts to gather one that is cut off. */
  #readInPlace(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    while (end - at >= HEAD_BYTES) {
      const length = readU32(buffer, at);
      if (length === 0) {
        at += PREFIX_BYTES;
        this.#handler.onKeepAlive();
      } else {
        const id = buffer[at + PREFIX_BYTES]!;
        if (!this.#isKnown(id, length)) {
          this.#startSkip(id, length);
          return at + HEAD_BYTES;
        }
        const next = at + PREFIX_BYTES + length;
        if (next > end) break;
        this.#dispatch(id, buffer, at + HEAD_BYTES, length - 1);
        at = next;
      }
      if (this.#stopped) return end;
    }
    return at < end ? this.#gather(buffer, at, end) : at;
  }

  /** Takes one step with the message under way. */
  #gather(buffer: Uint8Array, start: number, end: number): number {
    const at = this.#fill(buffer, start, end);
    if (this.#filled < this.#wanted) return at;
    const carry = this.#carry;
    const length = readU32(carry, 0);
    if (this.#wanted === PREFIX_BYTES) {
      if (length === 0) {
        this.#filled = 0;
        this.#handler.onKeepAlive();
      } else {
        this.#wanted = HEAD_BYTES;
      }
      return at;
    }
    const id = carry[PREFIX_BYTES]!;
    if (this.#wanted === HEAD_BYTES) {
      if (!this.#isKnown(id, length)) {
        this.#releaseCarry();
        this.#startSkip(id, length);
        return at;
      }
      if (length > 1) {
        this.#wanted = PREFIX_BYTES + length;
        this.#reserveCarry(this.#wanted);
        return at;
      }
    }
    // Detached first: the handler may call `release`, which must not give the buffer to others while it is being read.
    this.#carry = this.#small;
    this.#filled = 0;
    this.#wanted = PREFIX_BYTES;
    this.#dispatch(id, carry, HEAD_BYTES, length - 1);
    this.#pool.give(carry);
    return at;
  }

  #fill(buffer: Uint8Array, start: number, end: number): number {
    if (this.#filled === this.#carry.length) this.#growCarry();
    const filled = this.#filled;
    const carry = this.#carry;
    const count = Math.min(end - start, Math.min(this.#wanted, carry.length) - filled);
    if (count < 32) {
      for (let i = 0; i < count; i++) carry[filled + i] = buffer[start + i]!;
    } else {
      carry.set(buffer.subarray(start, start + count), filled);
    }
    this.#filled = filled + count;
    return start + count;
  }

  /** Moves the first bytes of a message of `size` bytes to a buffer that has room for it, or for its beginning. */
  #reserveCarry(size: number): void {
    if (size <= this.#small.length) return;
    const pooled = this.#pool.bytes;
    this.#carry = size <= pooled ? this.#pool.take() : new Uint8Array(Math.min(size, 4 * pooled));
    for (let i = 0; i < this.#filled; i++) this.#carry[i] = this.#small[i]!;
  }

  /** Long messages get memory as they arrive, not as they are promised. */
  #growCarry(): void {
    const larger = new Uint8Array(Math.min(this.#wanted, 2 * this.#carry.length));
    larger.set(this.#carry);
    this.#carry = larger;
  }

  #releaseCarry(): void {
    this.#pool.give(this.#carry);
    this.#carry = this.#small;
    this.#filled = 0;
    this.#wanted = PREFIX_BYTES;
  }

  #startSkip(id: number, length: number): void {
    this.#skip = length - 1;
    this.#skipId = id;
    if (this.#skip === 0) this.#handler.onUnknown(id);
  }

  #skipOn(start: number, end: number): number {
    const count = Math.min(this.#skip, end - start);
    this.#skip -= count;
    if (this.#skip === 0) this.#handler.onUnknown(this.#skipId);
    return start + count;
  }

  /** Whether we know the message kind. Throws when the value of the length prefix is impossible for it. */
  #isKnown(id: number, length: number): boolean {
    const exact = EXACT_LENGTH[id]!;
    if (exact !== 0) {
      if (length !== exact) throw badLength(id, length);
      return true;
    }
    switch (id) {
      case ID_PIECE:
        if (length < 10 || length > MAX_BLOCK_BYTES + 9) throw badLength(id, length);
        return true;
      case ID_BITFIELD:
        if (length > this.maxBitfieldBytes + 1) throw badLength(id, length);
        return true;
      case ID_EXTENDED:
        if (length < 2 || length > MAX_EXTENDED_BYTES + 2) throw badLength(id, length);
        return true;
      case ID_HASHES: {
        const bytes = length - 1 - HASH_REQUEST_PAYLOAD_BYTES;
        if (bytes < 32 || bytes % 32 !== 0 || bytes > MAX_HASHES * 32) throw badLength(id, length);
        return true;
      }
      default:
        if (length > MAX_EXTENDED_BYTES) throw badLength(id, length);
        return false;
    }
  }

  /** Hands one whole message over. The payload is `bytes[at..at + length)`. */
  #dispatch(id: number, bytes: Uint8Array, at: number, length: number): void {
    const handler = this.#handler;
    switch (id) {
      case ID_PIECE:
        return handler.onPiece(readU32(bytes, at), readU32(bytes, at + 4), bytes, at + 8, length - 8);
      case ID_REQUEST: {
        const count = readU32(bytes, at + 8);
        if (count === 0 || count > MAX_REQUEST_BYTES) {
          throw new ProtocolError("a request has an impossible length", { length: count });
        }
        return handler.onRequest(readU32(bytes, at), readU32(bytes, at + 4), count);
      }
      case ID_HAVE:
        return handler.onHave(readU32(bytes, at));
      case ID_CANCEL:
        return handler.onCancel(readU32(bytes, at), readU32(bytes, at + 4), readU32(bytes, at + 8));
      case ID_REJECT:
        return handler.onReject(readU32(bytes, at), readU32(bytes, at + 4), readU32(bytes, at + 8));
      case ID_CHOKE:
        return handler.onChoke();
      case ID_UNCHOKE:
        return handler.onUnchoke();
      case ID_INTERESTED:
        return handler.onInterested();
      case ID_NOT_INTERESTED:
        return handler.onNotInterested();
      case ID_BITFIELD:
        return handler.onBitfield(bytes.subarray(at, at + length));
      case ID_PORT:
        return handler.onPort(readU16(bytes, at));
      case ID_SUGGEST:
        return handler.onSuggest(readU32(bytes, at));
      case ID_HAVE_ALL:
        return handler.onHaveAll();
      case ID_HAVE_NONE:
        return handler.onHaveNone();
      case ID_ALLOWED_FAST:
        return handler.onAllowedFast(readU32(bytes, at));
      case ID_EXTENDED:
        return handler.onExtended(bytes[at]!, bytes.subarray(at + 1, at + length));
      case ID_HASH_REQUEST:
        return handler.onHashRequest(readHashRequest(bytes, at));
      case ID_HASHES:
        return handler.onHashes(
          readHashRequest(bytes, at),
          bytes.subarray(at + HASH_REQUEST_PAYLOAD_BYTES, at + length),
        );
      case ID_HASH_REJECT:
        return handler.onHashReject(readHashRequest(bytes, at));
      default:
        return handler.onUnknown(id);
    }
  }
}

function badLength(id: number, length: number): ProtocolError {
  return new ProtocolError("a message has a length that its kind does not allow", { id, length });
}

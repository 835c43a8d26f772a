import { ProtocolError } from "./errors.ts";

const HEX_DIGITS = "0123456789abcdef";
const FLAT_BYTES = 1_024;
const SHORT_TEXT = 32;
const BASE32_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT_DECODER = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += FLAT_BYTES) {
    // Many characters at once: a string that was added up one by one keeps all its steps in memory.
    const codes: number[] = [];
    for (const byte of bytes.subarray(at, at + FLAT_BYTES)) {
      codes.push(HEX_DIGITS.charCodeAt(byte >>> 4), HEX_DIGITS.charCodeAt(byte & 15));
    }
    text += String.fromCharCode(...codes);
  }
  return text;
}

/** Bytes of a hex string in either case. Throws ProtocolError on an odd length or another character. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new ProtocolError("not a hex string");
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** One character for each byte: the shortest text that tells short arrays apart, as keys of a map for instance. */
export function latin1Text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** True when both have the same length and the same bytes. Not constant-time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Order by unsigned bytes, a prefix first: negative, zero or positive as for `Array.prototype.sort`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The bytes in memory of their own. `slice` of a Buffer, which callers and Node hand in, is only a view of the same memory. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** One fresh array with all parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Big-endian unsigned 16 bits at `offset`; the caller has checked the length. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

/** Big-endian unsigned 32 bits at `offset`; the caller has checked the length. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}

/** Big-endian unsigned 64 bits at `offset`; the caller has checked the length. */
export function readU64(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(readU32(bytes, offset)) << 32n) | BigInt(readU32(bytes, offset + 4));
}

/** Writes the low 16 bits of `value`, big-endian. */
export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

/** Writes the low 32 bits of `value`, big-endian. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Writes the low 64 bits of `value`, big-endian. */
export function writeU64(bytes: Uint8Array, offset: number, value: bigint): void {
  writeU32(bytes, offset, Number((value >> 32n) & 0xffffffffn));
  writeU32(bytes, offset + 4, Number(value & 0xffffffffn));
}

/** UTF-8 bytes; a lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Text of UTF-8 bytes; what is not UTF-8 becomes U+FFFD. A byte order mark is kept. */
export function utf8Text(bytes: Uint8Array): string {
  const short = shortAscii(bytes);
  if (short !== null) return short;
  return DECODER.decode(bytes);
}

/** Text of UTF-8 bytes, or null when they are not valid UTF-8. */
export function utf8TextStrict(bytes: Uint8Array): string | null {
  const short = shortAscii(bytes);
  if (short !== null) return short;
  try {
    return STRICT_DECODER.decode(bytes);
  } catch {
    return null;
  }
}

/** Null when it is not ASCII, or long: the platform's decoder takes longer to begin than a short text takes as a whole. */
function shortAscii(bytes: Uint8Array): string | null {
  if (bytes.length > SHORT_TEXT) return null;
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] as number) > 0x7f) return null;
  return String.fromCharCode(...bytes);
}

/**
 * Bytes of an RFC 4648 base32 string, either case, trailing "=" allowed. Throws ProtocolError on another character,
 * on a length that no byte count gives, or when the unused bits are not zero.
 */
export function base32ToBytes(text: string): Uint8Array {
  const digits = text.replace(/=+$/, "").toUpperCase();
  const bytes = new Uint8Array(Math.floor((digits.length * 5) / 8));
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (const digit of digits) {
    const value = BASE32_ALPHABET.indexOf(digit);
    if (value < 0) throw new ProtocolError("not a base32 string");
    pending = ((pending << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = pending >>> bits;
    }
  }
  if (bits >= 5 || (pending & ((1 << bits) - 1)) !== 0) throw new ProtocolError("not a base32 string");
  return bytes;
}

/** RFC 4648 base32 in upper case, without padding. */
export function bytesToBase32(bytes: Uint8Array): string {
  let text = "";
  let pending = 0;
  let bits = 0;
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32_ALPHABET.charAt((pending >>> bits) & 31);
    }
  }
  if (bits > 0) text += BASE32_ALPHABET.charAt((pending << (5 - bits)) & 31);
  return text;
}

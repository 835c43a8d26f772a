import { utf8, utf8Text } from "../base/bytes.ts";
import { COLON, LOWER_D, LOWER_I, LOWER_L, malformed, STRIDE, tokenize } from "./bencode-tokens.ts";
import type { BencodeDocument, BencodeOptions } from "./bencode-tokens.ts";

export { EncodedBencode, encodeBencode } from "./bencode-encode.ts";
export type { BencodeInput } from "./bencode-encode.ts";
export type { BencodeOptions } from "./bencode-tokens.ts";

const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const MAX_KEYS = 256;

export type BencodeKind = "integer" | "string" | "list" | "dictionary";

/**
 * Decodes one bencoded value that fills the input (BEP 3). Nothing is copied: values are views on `bytes`, which must
 * not change while they are in use. Throws ProtocolError (ERR_BENCODE, `details.offset`) on anything that is not
 * exactly bencode, such as `i-0e`, leading zeros or bytes after the value, and past a limit.
 */
export function decodeBencode(bytes: Uint8Array, options: BencodeOptions = {}): BencodeValue {
  const value = decodeBencodePrefix(bytes, options);
  if (value.end !== bytes.length) throw malformed("there are bytes after the value", value.end);
  return value;
}

/** As `decodeBencode`, for a value with something else after it; `end` of the result says where that starts. */
export function decodeBencodePrefix(bytes: Uint8Array, options: BencodeOptions = {}): BencodeValue {
  return new BencodeValue(tokenize(bytes, options), 0);
}

/** One value of a decoded input. Accessors answer null where the value is of another kind. */
export class BencodeValue {
  readonly #document: BencodeDocument;
  readonly #token: number;
  readonly kind: BencodeKind;
  /** First byte of the encoded value in the input. */
  readonly start: number;
  /** One past its last byte. */
  readonly end: number;

  constructor(document: BencodeDocument, token: number) {
    this.#document = document;
    this.#token = token;
    this.start = document.tokens[token * STRIDE] as number;
    this.end = document.tokens[token * STRIDE + 1] as number;
    this.kind = kindOf(document.bytes[this.start] as number);
  }

  /** The encoded value as it stands in the input. */
  get encoded(): Uint8Array {
    return this.#document.bytes.subarray(this.start, this.end);
  }

  /** Some dictionary anywhere in the input repeats a key; only with `duplicates: "mark"`. */
  get hasDuplicateKeys(): boolean {
    return this.#document.hasDuplicateKeys;
  }

  /** False for a dictionary whose own keys are not in ascending order of their raw bytes. */
  get hasSortedKeys(): boolean {
    return !this.#document.unsorted.has(this.#token);
  }

  /** A string's bytes. */
  asBytes(): Uint8Array | null {
    if (this.kind !== "string") return null;
    const { bytes } = this.#document;
    return bytes.subarray(contentStart(bytes, this.start), this.end);
  }

  /** A string as UTF-8 text, with U+FFFD for what is not. */
  asText(): string | null {
    const bytes = this.asBytes();
    return bytes === null ? null : utf8Text(bytes);
  }

  /** An integer: a number where that is exact, else a bigint. */
  asInteger(): number | bigint | null {
    if (this.kind !== "integer") return null;
    const { bytes } = this.#document;
    const negative = bytes[this.start + 1] === MINUS;
    let value = 0;
    for (let at = this.start + (negative ? 2 : 1); at < this.end - 1; at++) {
      value = value * 10 + ((bytes[at] as number) - DIGIT_0);
    }
    if (Number.isSafeInteger(value)) return negative ? -value : value;
    return BigInt(utf8Text(bytes.subarray(this.start + 1, this.end - 1)));
  }

  /** An integer of at most 2^53 - 1 in size. */
  asNumber(): number | null {
    const value = this.asInteger();
    return typeof value === "number" ? value : null;
  }

  /** A list's values. */
  asList(): BencodeValue[] | null {
    return this.kind === "list" ? this.#children() : null;
  }

  /** A dictionary's keys and values in the order of the input. */
  asEntries(): [key: Uint8Array, value: BencodeValue][] | null {
    if (this.kind !== "dictionary") return null;
    const flat = this.#children();
    const entries: [Uint8Array, BencodeValue][] = [];
    for (let i = 0; i < flat.length; i += 2) {
      entries.push([(flat[i] as BencodeValue).asBytes() as Uint8Array, flat[i + 1] as BencodeValue]);
    }
    return entries;
  }

  /** The value of a dictionary's key (text is taken as UTF-8), or null. */
  get(key: string | Uint8Array): BencodeValue | null {
    if (this.kind !== "dictionary") return null;
    const wanted = typeof key === "string" ? bytesOfKey(key) : key;
    const { bytes, tokens } = this.#document;
    const last = tokens[this.#token * STRIDE + 2] as number;
    for (let token = this.#token + 1; token < last;) {
      const start = tokens[token * STRIDE] as number;
      const end = tokens[token * STRIDE + 1] as number;
      const value = token + 1;
      if (
        end - start > wanted.length &&
        bytes[end - wanted.length - 1] === COLON &&
        contentStart(bytes, start) === end - wanted.length &&
        endsWith(bytes, end, wanted)
      ) {
        return new BencodeValue(this.#document, value);
      }
      token = tokens[value * STRIDE + 2] as number;
    }
    return null;
  }

  /** `get(key)?.asBytes()`, null when absent or of another kind; likewise the next four. */
  getBytes(key: string | Uint8Array): Uint8Array | null {
    return this.get(key)?.asBytes() ?? null;
  }

  getText(key: string | Uint8Array): string | null {
    return this.get(key)?.asText() ?? null;
  }

  getNumber(key: string | Uint8Array): number | null {
    return this.get(key)?.asNumber() ?? null;
  }

  getList(key: string | Uint8Array): BencodeValue[] | null {
    return this.get(key)?.asList() ?? null;
  }

  getDictionary(key: string | Uint8Array): BencodeValue | null {
    const value = this.get(key);
    return value?.kind === "dictionary" ? value : null;
  }

  /** Number of a list's values or a dictionary's keys; 0 for everything else. */
  get size(): number {
    if (this.kind !== "list" && this.kind !== "dictionary") return 0;
    const { tokens } = this.#document;
    const last = tokens[this.#token * STRIDE + 2] as number;
    let count = 0;
    for (let token = this.#token + 1; token < last; count++) token = tokens[token * STRIDE + 2] as number;
    return this.kind === "list" ? count : count / 2;
  }

  #children(): BencodeValue[] {
    const { tokens } = this.#document;
    const children: BencodeValue[] = [];
    const last = tokens[this.#token * STRIDE + 2] as number;
    for (let token = this.#token + 1; token < last; token = tokens[token * STRIDE + 2] as number) {
      children.push(new BencodeValue(this.#document, token));
    }
    return children;
  }
}

/** Keys that were asked for: the same few, over and over. What strangers send never comes here. */
const keyBytes = new Map<string, Uint8Array>();

function bytesOfKey(key: string): Uint8Array {
  const known = keyBytes.get(key);
  if (known !== undefined) return known;
  const bytes = utf8(key);
  if (keyBytes.size < MAX_KEYS) keyBytes.set(key, bytes);
  return bytes;
}

/** First byte after the length of the string at `start`. */
function contentStart(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] !== COLON) at++;
  return at + 1;
}

function endsWith(bytes: Uint8Array, end: number, wanted: Uint8Array): boolean {
  const from = end - wanted.length;
  for (let i = 0; i < wanted.length; i++) if (bytes[from + i] !== wanted[i]) return false;
  return true;
}

function kindOf(first: number): BencodeKind {
  if (first === LOWER_I) return "integer";
  if (first === LOWER_L) return "list";
  return first === LOWER_D ? "dictionary" : "string";
}

import { compareBytes, equalBytes, utf8, utf8Text } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

export { EncodedBencode, encodeBencode } from "./bencode-encode.ts";
export type { BencodeInput } from "./bencode-encode.ts";

/** Limits and mode of a decoding; each has a default. */
export interface BencodeOptions {
  /** Most bytes of input. Default 10,000,000. */
  readonly maxBytes?: number;
  /** Deepest nesting of lists and dictionaries. Default 100. */
  readonly maxDepth?: number;
  /** Most values, keys included. Default 3,000,000. */
  readonly maxTokens?: number;
  /** Refuse dictionaries whose keys are not in order. Default false: other people's files have them. */
  readonly sorted?: boolean;
  /** "mark" keeps dictionaries with repeated keys and says so in `hasDuplicateKeys` of the root. Default "refuse". */
  readonly duplicates?: "refuse" | "mark";
}

export type BencodeKind = "integer" | "string" | "list" | "dictionary";

const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_D = 0x64;
const LOWER_E = 0x65;
const LOWER_I = 0x69;
const LOWER_L = 0x6c;

/** Numbers of a token: first byte, one past the last byte, index of the token after the value. */
const STRIDE = 3;
/** Maps each byte to a character of its own, so that raw keys can be compared as text. */
const LATIN1 = new TextDecoder("latin1");
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

/**
 * Decodes one bencoded value that fills the input (BEP 3). Nothing is copied: values are views on `bytes`, which must not
 * change while they are in use. Throws ProtocolError (ERR_BENCODE, `details.offset`) on anything that is not exactly
 * bencode, such as `i-0e`, leading zeros or bytes after the value, and past a limit.
 */
export function decodeBencode(bytes: Uint8Array, options: BencodeOptions = {}): BencodeValue {
  const value = decodeBencodePrefix(bytes, options);
  if (value.end !== bytes.length) throw malformed("there are bytes after the value", value.end);
  return value;
}

/** As `decodeBencode`, for a value with something else after it; `end` of the result says where that starts. */
export function decodeBencodePrefix(bytes: Uint8Array, options: BencodeOptions = {}): BencodeValue {
  if (bytes.length > (options.maxBytes ?? 10_000_000)) throw malformed("the input is too large", 0);
  return new BencodeValue(new Tokenizer(bytes, options).run(), 0);
}

/** What the tokenizer found; shared by all values of one input. */
interface Document {
  readonly bytes: Uint8Array;
  readonly tokens: Int32Array;
  readonly unsorted: ReadonlySet<number>;
  readonly hasDuplicateKeys: boolean;
}

/** One value of a decoded input. Accessors answer null where the value is of another kind. */
export class BencodeValue {
  readonly #document: Document;
  readonly #token: number;
  readonly kind: BencodeKind;
  /** First byte of the encoded value in the input. */
  readonly start: number;
  /** One past its last byte. */
  readonly end: number;

  constructor(document: Document, token: number) {
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
    return bytes.subarray(bytes.indexOf(COLON, this.start) + 1, this.end);
  }

  /** A string as UTF-8 text, with U+FFFD for what is not. */
  asText(): string | null {
    const bytes = this.asBytes();
    return bytes === null ? null : utf8Text(bytes);
  }

  /** An integer: a number where that is exact, else a bigint. */
  asInteger(): number | bigint | null {
    if (this.kind !== "integer") return null;
    const digits = utf8Text(this.#document.bytes.subarray(this.start + 1, this.end - 1));
    const value = Number(digits);
    return Number.isSafeInteger(value) ? value : BigInt(digits);
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
    const wanted = typeof key === "string" ? utf8(key) : key;
    const { bytes, tokens } = this.#document;
    const last = tokens[this.#token * STRIDE + 2] as number;
    for (let token = this.#token + 1; token < last;) {
      const start = tokens[token * STRIDE] as number;
      const end = tokens[token * STRIDE + 1] as number;
      const value = token + 1;
      if (
        end - start > wanted.length &&
        bytes[end - wanted.length - 1] === COLON &&
        equalBytes(bytes.subarray(end - wanted.length, end), wanted) &&
        bytes.indexOf(COLON, start) === end - wanted.length - 1
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

/** Turns bytes into a flat table of tokens in one pass, without recursion. */
class Tokenizer {
  readonly #bytes: Uint8Array;
  readonly #maxTokens: number;
  readonly #sorted: boolean;
  readonly #mark: boolean;
  #tokens: Int32Array = new Int32Array(64 * STRIDE);
  #count = 0;
  #at = 0;
  #hasDuplicateKeys = false;
  readonly #unsorted = new Set<number>();
  /** Per open container: its token, and for a dictionary its last key's token (-1: none yet). */
  readonly #open: Int32Array;
  readonly #lastKey: Int32Array;
  #depth = 0;

  constructor(bytes: Uint8Array, options: BencodeOptions) {
    this.#bytes = bytes;
    this.#maxTokens = options.maxTokens ?? 3_000_000;
    this.#sorted = options.sorted ?? false;
    this.#mark = options.duplicates === "mark";
    const maxDepth = options.maxDepth ?? 100;
    this.#open = new Int32Array(maxDepth);
    this.#lastKey = new Int32Array(maxDepth);
  }

  run(): Document {
    const bytes = this.#bytes;
    let keyRead = false;
    do {
      const byte = bytes[this.#at];
      const container =
        this.#depth === 0 ? 0 : (bytes[this.#startOf(this.#open[this.#depth - 1] as number)] as number);
      if (container !== 0 && byte === LOWER_E) {
        if (keyRead) throw malformed("a dictionary key has no value", this.#at);
        this.#close();
      } else if (container === LOWER_D && !keyRead) {
        this.#key();
        keyRead = true;
        continue;
      } else if (byte === LOWER_L || byte === LOWER_D) {
        if (this.#depth === this.#open.length) throw malformed("values are nested too deep", this.#at);
        this.#lastKey[this.#depth] = -1;
        this.#open[this.#depth++] = this.#push(this.#at, 0);
        this.#at++;
      } else if (byte === LOWER_I) {
        this.#integer();
      } else {
        this.#string();
      }
      // A value is complete or a new container starts: either way a dictionary wants a key next.
      keyRead = false;
    } while (this.#depth > 0);
    return {
      bytes,
      tokens: this.#tokens.slice(0, this.#count * STRIDE),
      unsorted: this.#unsorted,
      hasDuplicateKeys: this.#hasDuplicateKeys,
    };
  }

  #startOf(token: number): number {
    return this.#tokens[token * STRIDE] as number;
  }

  #push(start: number, end: number): number {
    if (this.#count === this.#maxTokens) throw malformed("there are too many values", start);
    const token = this.#count++;
    if (this.#count * STRIDE > this.#tokens.length) {
      const grown = new Int32Array(this.#tokens.length * 2);
      grown.set(this.#tokens);
      this.#tokens = grown;
    }
    this.#tokens[token * STRIDE] = start;
    this.#tokens[token * STRIDE + 1] = end;
    this.#tokens[token * STRIDE + 2] = token + 1;
    return token;
  }

  #close(): void {
    const token = this.#open[--this.#depth] as number;
    this.#at++;
    this.#tokens[token * STRIDE + 1] = this.#at;
    this.#tokens[token * STRIDE + 2] = this.#count;
    if (this.#unsorted.has(token) && this.#repeatsKey(token)) this.#duplicate(this.#startOf(token));
  }

  #key(): void {
    const at = this.#at;
    const token = this.#string();
    const level = this.#depth - 1;
    const previous = this.#lastKey[level] as number;
    this.#lastKey[level] = token;
    if (previous < 0) return;
    const order = compareBytes(this.#keyBytes(previous), this.#keyBytes(token));
    if (order === 0) this.#duplicate(at);
    if (order > 0) {
      if (this.#sorted) throw malformed("dictionary keys are not in order", at);
      this.#unsorted.add(this.#open[level] as number);
    }
  }

  #duplicate(at: number): void {
    if (!this.#mark) throw malformed("a dictionary repeats a key", at);
    this.#hasDuplicateKeys = true;
  }

  /** Neighbours were compared on the way; with keys out of order all have to be looked at. */
  #repeatsKey(dictionary: number): boolean {
    const seen = new Set<string>();
    const last = this.#count;
    for (let token = dictionary + 1; token < last; token = this.#tokens[(token + 1) * STRIDE + 2] as number) {
      const key = LATIN1.decode(this.#keyBytes(token));
      if (seen.has(key)) return true;
      seen.add(key);
    }
    return false;
  }

  #keyBytes(token: number): Uint8Array {
    const start = this.#startOf(token);
    const end = this.#tokens[token * STRIDE + 1] as number;
    return this.#bytes.subarray(this.#bytes.indexOf(COLON, start) + 1, end);
  }

  #integer(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start + 1;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const first = at;
    while (isDigit(bytes[at])) at++;
    const digits = at - first;
    if (bytes[at] !== LOWER_E || digits === 0) throw malformed("an integer is malformed", start);
    if (bytes[first] === ZERO && (digits > 1 || negative))
      throw malformed("an integer has a leading zero", start);
    if (digits > 18) {
      const value = digits > 19 ? null : BigInt(utf8Text(bytes.subarray(start + 1, at)));
      if (value === null || value > MAX_INT64 || value < MIN_INT64) {
        throw malformed("an integer doesn't fit in 64 bits", start);
      }
    }
    this.#at = at + 1;
    this.#push(start, this.#at);
  }

  /** Reads a string and returns its token. */
  #string(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let length = 0;
    while (isDigit(bytes[at])) {
      length = length * 10 + (bytes[at] as number) - ZERO;
      at++;
      if (length > bytes.length) throw malformed("a string is longer than the input", start);
    }
    if (at === start) {
      throw malformed(
        at < bytes.length ? "a value starts with a wrong byte" : "the input ends too early",
        start,
      );
    }
    if (bytes[at] !== COLON) throw malformed("a string length is malformed", start);
    if (bytes[start] === ZERO && at - start > 1) throw malformed("a string length has a leading zero", start);
    this.#at = at + 1 + length;
    if (this.#at > bytes.length) throw malformed("a string is longer than the input", start);
    return this.#push(start, this.#at);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function kindOf(first: number): BencodeKind {
  if (first === LOWER_I) return "integer";
  if (first === LOWER_L) return "list";
  return first === LOWER_D ? "dictionary" : "string";
}

function malformed(message: string, offset: number): ProtocolError {
  return new ProtocolError(message, { offset, reason: "invalid_bencoding" }, "ERR_BENCODE");
}

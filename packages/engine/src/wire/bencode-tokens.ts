import { utf8Text } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

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

export const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
export const LOWER_D = 0x64;
export const LOWER_E = 0x65;
export const LOWER_I = 0x69;
export const LOWER_L = 0x6c;

/** Numbers of a token: first byte, one past the last byte, index of the token after the value. */
export const STRIDE = 3;
/** Maps each byte to a character of its own, so that raw keys can be compared as text. */
const LATIN1 = new TextDecoder("latin1");
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

/** What the tokenizer found; shared by all values of one input. */
export interface BencodeDocument {
  readonly bytes: Uint8Array;
  readonly tokens: Int32Array;
  readonly unsorted: ReadonlySet<number>;
  readonly hasDuplicateKeys: boolean;
}

/** Splits one value at the start of `bytes` into tokens; see `decodeBencode` for what it throws. */
export function tokenize(bytes: Uint8Array, options: BencodeOptions): BencodeDocument {
  if (bytes.length > (options.maxBytes ?? 10_000_000)) throw malformed("the input is too large", 0);
  const tokenizer = new Tokenizer(bytes, options, scratch);
  const document = tokenizer.run();
  if (tokenizer.tokens.length <= MAX_SCRATCH) scratch = tokenizer.tokens;
  return document;
}

/** Where the tokens of small inputs are written before they are copied out: packets, many of them. */
let scratch: Int32Array = new Int32Array(64 * STRIDE);
const MAX_SCRATCH = 16_384;
const NOTHING: ReadonlySet<number> = new Set();

/** Turns bytes into a flat table of tokens in one pass, without recursion. */
class Tokenizer {
  readonly #bytes: Uint8Array;
  readonly #maxTokens: number;
  readonly #sorted: boolean;
  readonly #mark: boolean;
  /** Written from the beginning on, over whatever is in it. */
  tokens: Int32Array;
  #count = 0;
  #at = 0;
  #hasDuplicateKeys = false;
  #unsorted: Set<number> | null = null;
  /** Per open container: its token, and for a dictionary its last key's token (-1: none yet). */
  readonly #open: number[] = [];
  readonly #lastKey: number[] = [];
  readonly #maxDepth: number;
  #depth = 0;

  constructor(bytes: Uint8Array, options: BencodeOptions, tokens: Int32Array) {
    this.#bytes = bytes;
    this.tokens = tokens;
    this.#maxTokens = options.maxTokens ?? 3_000_000;
    this.#sorted = options.sorted ?? false;
    this.#mark = options.duplicates === "mark";
    this.#maxDepth = options.maxDepth ?? 100;
  }

  run(): BencodeDocument {
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
        if (this.#depth === this.#maxDepth) throw malformed("values are nested too deep", this.#at);
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
      tokens: this.tokens.slice(0, this.#count * STRIDE),
      unsorted: this.#unsorted ?? NOTHING,
      hasDuplicateKeys: this.#hasDuplicateKeys,
    };
  }

  #startOf(token: number): number {
    return this.tokens[token * STRIDE] as number;
  }

  #push(start: number, end: number): number {
    if (this.#count === this.#maxTokens) throw malformed("there are too many values", start);
    const token = this.#count++;
    if (this.#count * STRIDE > this.tokens.length) {
      const grown = new Int32Array(this.tokens.length * 2);
      grown.set(this.tokens);
      this.tokens = grown;
    }
    this.tokens[token * STRIDE] = start;
    this.tokens[token * STRIDE + 1] = end;
    this.tokens[token * STRIDE + 2] = token + 1;
    return token;
  }

  #close(): void {
    const token = this.#open[--this.#depth] as number;
    this.#at++;
    this.tokens[token * STRIDE + 1] = this.#at;
    this.tokens[token * STRIDE + 2] = this.#count;
    if (this.#unsorted?.has(token) === true && this.#repeatsKey(token)) this.#duplicate(this.#startOf(token));
  }

  #key(): void {
    const at = this.#at;
    const token = this.#string();
    const level = this.#depth - 1;
    const previous = this.#lastKey[level] as number;
    this.#lastKey[level] = token;
    if (previous < 0) return;
    const order = this.#compareKeys(previous, token);
    if (order === 0) this.#duplicate(at);
    if (order > 0) {
      if (this.#sorted) throw malformed("dictionary keys are not in order", at);
      this.#unsorted ??= new Set();
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
    for (let token = dictionary + 1; token < last; token = this.tokens[(token + 1) * STRIDE + 2] as number) {
      const key = LATIN1.decode(this.#keyBytes(token));
      if (seen.has(key)) return true;
      seen.add(key);
    }
    return false;
  }

  #keyBytes(token: number): Uint8Array {
    return this.#bytes.subarray(this.#contentOf(token), this.tokens[token * STRIDE + 1]);
  }

  /** As `compareBytes` of both, without views of them. */
  #compareKeys(a: number, b: number): number {
    const bytes = this.#bytes;
    let atA = this.#contentOf(a);
    let atB = this.#contentOf(b);
    const endA = this.tokens[a * STRIDE + 1] as number;
    const endB = this.tokens[b * STRIDE + 1] as number;
    while (atA < endA && atB < endB) {
      const difference = (bytes[atA++] as number) - (bytes[atB++] as number);
      if (difference !== 0) return difference;
    }
    return endA - atA - (endB - atB);
  }

  /** First byte after the length of a string. */
  #contentOf(token: number): number {
    let at = this.#startOf(token);
    while (this.#bytes[at] !== COLON) at++;
    return at + 1;
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

/** The error of everything that is wrong with bencode; `offset` is the byte where it was seen. */
export function malformed(message: string, offset: number): ProtocolError {
  return new ProtocolError(message, { offset, reason: "invalid_bencoding" }, "ERR_BENCODE");
}

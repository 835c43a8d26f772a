import { compareBytes, utf8 } from "../base/bytes.ts";
import { COLON, LOWER_D, LOWER_E, LOWER_L } from "./bencode-tokens.ts";

/** Bytes that are bencode already and go in as they are: an info dictionary whose hash must not change. */
export class EncodedBencode {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/**
 * What `encodeBencode` takes: text becomes UTF-8; maps and plain objects become dictionaries, whose `undefined`
 * values are left out. Use a map with byte keys where keys are not text.
 */
export type BencodeInput =
  | number
  | bigint
  | string
  | Uint8Array
  | EncodedBencode
  | readonly BencodeInput[]
  | ReadonlyMap<string | Uint8Array, BencodeInput>
  | { readonly [key: string]: BencodeInput | undefined };

/**
 * Canonical bencode (BEP 3): keys sorted by their raw bytes. Throws TypeError for a number that is not a safe integer
 * and for a key given twice.
 */
export function encodeBencode(value: BencodeInput): Uint8Array {
  const output = new Output(scratch);
  encode(output, value);
  const encoded = output.take();
  if (output.buffer.length <= MAX_SCRATCH) scratch = output.buffer;
  return encoded;
}

/** Where small outputs are written before they are copied out: packets of the DHT and of peers, many of them. */
let scratch: Uint8Array = new Uint8Array(1_024);
const MAX_SCRATCH = 65_536;

function encode(output: Output, value: BencodeInput): void {
  if (typeof value === "number" || typeof value === "bigint") {
    if (typeof value === "number" && !Number.isSafeInteger(value))
      throw new TypeError(`${value} is not a safe integer`);
    output.text(`i${value}e`);
  } else if (typeof value === "string") {
    output.textString(value);
  } else if (value instanceof Uint8Array) {
    output.string(value);
  } else if (value instanceof EncodedBencode) {
    output.bytes(value.bytes);
  } else if (isList(value)) {
    output.byte(LOWER_L);
    for (const item of value) encode(output, item);
    output.byte(LOWER_E);
  } else {
    const keys = value instanceof Map ? null : Object.keys(value);
    if (keys === null || !keys.every(isAscii)) {
      encodeDictionary(output, value instanceof Map ? value : Object.entries(value));
    } else {
      encodeObject(output, value as { readonly [key: string]: BencodeInput | undefined }, keys);
    }
  }
}

/** Of ASCII keys text has the order of the bytes, and nothing is there twice. */
function encodeObject(
  output: Output,
  source: { readonly [key: string]: BencodeInput | undefined },
  keys: string[],
): void {
  output.byte(LOWER_D);
  for (const key of keys.sort()) {
    const value = source[key];
    if (value === undefined) continue;
    output.textString(key);
    encode(output, value);
  }
  output.byte(LOWER_E);
}

function encodeDictionary(
  output: Output,
  source: Iterable<readonly [string | Uint8Array, BencodeInput | undefined]>,
): void {
  const entries: [Uint8Array, BencodeInput][] = [];
  for (const [key, value] of source) {
    if (value !== undefined) entries.push([typeof key === "string" ? utf8(key) : key, value]);
  }
  entries.sort((a, b) => compareBytes(a[0], b[0]));
  output.byte(LOWER_D);
  let previous: Uint8Array | null = null;
  for (const [key, value] of entries) {
    if (previous !== null && compareBytes(previous, key) === 0)
      throw new TypeError("a dictionary repeats a key");
    previous = key;
    output.string(key);
    encode(output, value);
  }
  output.byte(LOWER_E);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function isList(value: BencodeInput): value is readonly BencodeInput[] {
  return Array.isArray(value);
}

/** A byte buffer that grows. */
class Output {
  buffer: Uint8Array;
  #length = 0;

  /** `buffer`: what is written first, over whatever is in it. */
  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.buffer[this.#length++] = value;
  }

  bytes(part: Uint8Array): void {
    this.#reserve(part.length);
    this.buffer.set(part, this.#length);
    this.#length += part.length;
  }

  /** Of ASCII characters. */
  text(part: string): void {
    this.#reserve(part.length);
    for (let i = 0; i < part.length; i++) this.buffer[this.#length++] = part.charCodeAt(i);
  }

  string(part: Uint8Array): void {
    this.text(String(part.length));
    this.byte(COLON);
    this.bytes(part);
  }

  textString(part: string): void {
    if (!isAscii(part)) return this.string(utf8(part));
    this.text(String(part.length));
    this.byte(COLON);
    this.text(part);
  }

  take(): Uint8Array {
    return this.buffer.slice(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.#length + more));
    grown.set(this.buffer.subarray(0, this.#length));
    this.buffer = grown;
  }
}

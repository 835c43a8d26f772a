import type { TestRandom } from "../random.ts";
import { decodeBencodeNode } from "../torrent-facts.ts";
import type { BencodeNode } from "../torrent-facts.ts";
import type { Mutate } from "./mutate.ts";

const NUMBERS = [
  0,
  1,
  2,
  -1,
  100,
  16_384,
  32_768,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 53 - 1,
  -(2 ** 53),
];
const TEXTS = [
  "",
  ".",
  "..",
  "/",
  "\\",
  "a/b",
  "C:",
  "con.txt",
  "nul",
  " ",
  "a.",
  "\0",
  "\u202e",
  "\xff\xfe",
  "é",
  "e\u0301",
  "ſ",
  "İ",
  "name",
  "p",
  "l",
  "x",
  "h",
  "http://a/",
  "udp://a:1/announce",
];
/** Deeper and larger values are changed as bytes. */
const MAX_BYTES = 131_072;

/**
 * Changes values of a bencoded input and encodes it again, with lengths that fit; keys mostly in order. Bytes after the
 * value stay. Gives the input back when it is not bencode.
 */
export const mutateBencode: Mutate = (input, random, other) => {
  if (input.length > MAX_BYTES) return input;
  const tree = decode(input);
  if (tree === null) return input;
  const changed = change(tree, random, other);
  const output = new Output();
  encode(changed, random.below(16) > 0, output);
  return output.isFull ? input : Uint8Array.from(Buffer.concat(output.parts));
};

/** Copies of copies grow beyond all bounds: what is written ends somewhere. */
class Output {
  readonly parts: Buffer[] = [];
  #length = 0;

  get isFull(): boolean {
    return this.#length > MAX_BYTES;
  }

  add(...parts: readonly Buffer[]): void {
    for (const part of parts) this.#length += part.length;
    this.parts.push(...parts);
  }
}

function decode(input: Uint8Array): BencodeNode | null {
  try {
    return decodeBencodeNode(Buffer.from(input));
  } catch {
    return null;
  }
}

/** Goes down to a random value and puts another in its place. */
function change(node: BencodeNode, random: TestRandom, other: () => Uint8Array): BencodeNode {
  const stays = random.below(5) > 0;
  if (node instanceof Map && node.size > 0 && stays) {
    const entries = [...node];
    const at = random.below(entries.length);
    const [key, value] = entries[at]!;
    switch (random.below(12)) {
      case 0:
        entries.splice(at, 1);
        break;
      case 1:
        entries[at] = [oddText(random), value];
        break;
      case 2:
        entries.push([`${key}${random.below(100)}`, value]);
        break;
      case 3:
        for (let i = 0, many = 1 << random.below(9); i < many; i++) entries.push([`${key}${i}`, value]);
        break;
      case 4:
        entries[at] = [key.repeat(1 + random.below(200)), value];
        break;
      default:
        entries[at] = [key, change(value, random, other)];
    }
    return new Map(entries);
  }
  if (Array.isArray(node) && node.length > 0 && stays) {
    const items = [...node];
    const at = random.below(items.length);
    const item = items[at]!;
    const kind = random.below(8);
    if (kind === 0) items.splice(at, 1);
    else if (kind === 1) items.splice(at, 0, item);
    else if (kind === 2) items.splice(at, 0, ...Array.from({ length: 1 << random.below(9) }, () => item));
    else if (kind === 3) items.reverse();
    else items[at] = change(item, random, other);
    return items;
  }
  if (Buffer.isBuffer(node) && stays) return changeString(node, random);
  if (typeof node === "number" && stays) {
    return random.below(2) === 0 ? node + random.between(-2, 2) : NUMBERS[random.below(NUMBERS.length)]!;
  }
  return anything(random, other);
}

function changeString(bytes: Buffer, random: TestRandom): Buffer {
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length + 1));
    case 1:
      return Buffer.concat([bytes, bytes.subarray(0, 1 + random.below(64))]);
    case 2:
      return Buffer.concat(Array.from({ length: 1 + random.below(64) }, () => bytes)).subarray(0, 65_536);
    case 3:
      return Buffer.concat([bytes, Buffer.from(oddText(random), "latin1")]);
    case 4: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
      return copy;
    }
    default:
      return Buffer.from(oddText(random), "latin1");
  }
}

function anything(random: TestRandom, other: () => Uint8Array): BencodeNode {
  switch (random.below(6)) {
    case 0:
      return NUMBERS[random.below(NUMBERS.length)]!;
    case 1:
      return Buffer.from(oddText(random), "latin1");
    case 2:
      return [];
    case 3:
      return new Map();
    case 4:
      return [Buffer.from(oddText(random), "latin1"), random.below(100)];
    default:
      return decode(other()) ?? 0;
  }
}

/** One character a byte. */
function oddText(random: TestRandom): string {
  return Buffer.from(TEXTS[random.below(TEXTS.length)]!).toString("latin1");
}

function encode(node: BencodeNode, sorted: boolean, output: Output): void {
  if (output.isFull) return;
  if (typeof node === "number") output.add(Buffer.from(`i${node}e`));
  else if (Buffer.isBuffer(node)) output.add(Buffer.from(`${node.length}:`), node);
  else if (Array.isArray(node)) {
    output.add(Buffer.from("l"));
    for (const item of node) encode(item, sorted, output);
    output.add(Buffer.from("e"));
  } else {
    output.add(Buffer.from("d"));
    const entries = [...node];
    if (sorted) entries.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    for (const [key, value] of entries) {
      output.add(Buffer.from(`${key.length}:`), Buffer.from(key, "latin1"));
      encode(value, sorted, output);
    }
    output.add(Buffer.from("e"));
  }
}

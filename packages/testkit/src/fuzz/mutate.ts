import type { TestRandom } from "../random.ts";

/** Makes another input out of one. `other` gives some other input of the corpus. Must not change its argument. */
export type Mutate = (input: Uint8Array, random: TestRandom, other: () => Uint8Array) => Uint8Array;

const BYTES = [0, 1, 0x10, 0x20, 0x2d, 0x2f, 0x30, 0x3a, 0x64, 0x65, 0x69, 0x6c, 0x7f, 0x80, 0xfe, 0xff];
const WORDS = [
  0, 1, 2, 16, 255, 256, 512, 4095, 16_383, 16_384, 16_385, 32_767, 32_768, 65_535, 65_536, 131_072, 131_073,
  1_048_576, 1_048_577, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
];
const DECIMALS = [
  "0",
  "1",
  "2",
  "-1",
  "-0",
  "00",
  "16384",
  "32768",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "9007199254740991",
  "9007199254740992",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "18446744073709551616",
  "99999999999999999999999999",
];

const EMPTY = new Uint8Array(0);

/** Puts `insert` in place of `input[from..end)`. */
export function replaceRange(input: Uint8Array, from: number, end: number, insert: Uint8Array): Uint8Array {
  const output = new Uint8Array(input.length - (end - from) + insert.length);
  output.set(input.subarray(0, from));
  output.set(insert, from);
  output.set(input.subarray(end), from + insert.length);
  return output;
}

/** A range of `input`, mostly short. */
function range(input: Uint8Array, random: TestRandom): [from: number, end: number] {
  const from = random.below(input.length + 1);
  const most = input.length - from;
  const length = random.below(4) === 0 ? random.below(most + 1) : Math.min(most, 1 + random.below(16));
  return [from, from + length];
}

function changed(input: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = input.slice();
  if (copy.length > 0) change(copy);
  return copy;
}

function pick<T>(items: readonly T[], random: TestRandom): T {
  return items[random.below(items.length)] as T;
}

/** Where a run of decimal digits lies; null when there is none after a random place. */
function digits(input: Uint8Array, random: TestRandom): [from: number, end: number] | null {
  let from = random.below(input.length + 1);
  const isDigit = (at: number): boolean => (input[at] ?? 0) >= 0x30 && (input[at] ?? 0) <= 0x39;
  while (from < input.length && !isDigit(from)) from++;
  let end = from;
  while (isDigit(end)) end++;
  return end > from ? [from, end] : null;
}

/** Ways that know nothing of the format but that it is bytes. */
const PLAIN: readonly Mutate[] = [
  (input, random) => changed(input, (copy) => (copy[random.below(copy.length)]! ^= 1 << random.below(8))),
  (input, random) => changed(input, (copy) => (copy[random.below(copy.length)] = random.below(256))),
  (input, random) => changed(input, (copy) => (copy[random.below(copy.length)] = pick(BYTES, random))),
  (input, random) =>
    changed(input, (copy) => (copy[random.below(copy.length)]! += random.below(2) === 0 ? 1 : 255)),
  (input, random) =>
    changed(input, (copy) => {
      const at = random.below(copy.length);
      const word = pick(WORDS, random);
      for (let i = 0; i < 4 && at + i < copy.length; i++) copy[at + i] = word >>> (24 - 8 * i);
    }),
  (input, random) => {
    const found = digits(input, random);
    return found === null ? input : replaceRange(input, ...found, text(pick(DECIMALS, random)));
  },
  (input, random) => {
    const found = digits(input, random);
    if (found === null) return input;
    const value = Number(new TextDecoder().decode(input.subarray(...found)));
    return replaceRange(input, ...found, text(String(value + pick([-1, 1, 2, value], random))));
  },
  (input, random) => replaceRange(input, ...range(input, random), EMPTY),
  (input, random) => input.slice(0, random.below(input.length + 1)),
  // A copy of a part, where it stands or elsewhere.
  (input, random) => {
    const [from, end] = range(input, random);
    const at = random.below(2) === 0 ? end : random.below(input.length + 1);
    return replaceRange(input, at, at, input.slice(from, end));
  },
  // The same part again and again: what takes quadratic time shows on this.
  (input, random) => {
    const [from, end] = range(input, random);
    const times = 1 << random.below(14);
    const part = input.subarray(from, end);
    const many = new Uint8Array(Math.min(part.length * times, 1 << 20));
    for (let at = 0; part.length > 0 && at < many.length; at += part.length)
      many.set(part.subarray(0, many.length - at), at);
    return replaceRange(input, end, end, many);
  },
  (input, random) => {
    const [from, end] = range(input, random);
    const to = Math.min(random.below(input.length + 1), input.length - (end - from));
    return changed(input, (copy) => copy.set(input.subarray(from, end), to));
  },
  (input, random) => {
    const noise = Uint8Array.from({ length: 1 + random.below(32) }, () => random.below(256));
    const at = random.below(input.length + 1);
    return replaceRange(input, at, at, noise);
  },
  // The beginning of one, the end of another.
  (input, random, other) => {
    const second = other();
    return replaceRange(
      input,
      random.below(input.length + 1),
      input.length,
      second.subarray(random.below(second.length + 1)),
    );
  },
  (input, random, other) => {
    const second = other();
    const [from, end] = range(second, random);
    return replaceRange(input, ...range(input, random), second.subarray(from, end));
  },
];

/** Words of a format, inserted or in place of something. */
function wordMutation(dictionary: readonly string[]): Mutate {
  const words = dictionary.map(text);
  return (input, random) => {
    const word = pick(words, random);
    const at = random.below(input.length + 1);
    const end = random.below(2) === 0 ? at : Math.min(input.length, at + word.length);
    return replaceRange(input, at, end, word);
  };
}

/** All ways for a target, those that know its format as often as the others. */
export class Mutator {
  readonly #random: TestRandom;
  readonly #groups: readonly (readonly Mutate[])[];
  readonly #maxBytes: number;

  constructor(random: TestRandom, own: readonly Mutate[], dictionary: readonly string[], maxBytes: number) {
    this.#random = random;
    this.#maxBytes = maxBytes;
    const words = dictionary.length === 0 ? [] : [wordMutation(dictionary)];
    this.#groups = [[...PLAIN, ...words, ...words], own].filter((group) => group.length > 0);
  }

  /** One to some changes, one upon the other. */
  mutate(input: Uint8Array, other: () => Uint8Array): Uint8Array {
    const random = this.#random;
    let output = input;
    const changes = 1 << random.below(4);
    for (let i = 0; i < changes; i++) {
      const group = pick(this.#groups, random);
      const next = pick(group, random)(output, random, other);
      if (next.length <= this.#maxBytes) output = next;
      // Cut off, what a format's own mutation has made would be none of that format.
      else if (group === this.#groups[0]) output = next.slice(0, this.#maxBytes);
    }
    return output;
  }
}

function text(word: string): Uint8Array {
  return new TextEncoder().encode(word);
}

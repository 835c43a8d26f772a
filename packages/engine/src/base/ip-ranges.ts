import { parseIp, withoutZone } from "./address.ts";
import { readU32 } from "./bytes.ts";

/** 32-bit words of one address: 1 for IPv4, 4 for IPv6. */
type Words = 1 | 4;

/** Ranges between two pauses: a few milliseconds. */
const SLICE = 4_096;

/** Ranges of addresses of one family, in any order, for `IpRanges`. */
class RangeList {
  readonly #words: Words;
  #values: Uint32Array = new Uint32Array(0);
  #count = 0;

  constructor(words: Words) {
    this.#words = words;
  }

  /** Both ends belong to the range. */
  add(first: Uint8Array, last: Uint8Array): void {
    const size = 2 * this.#words;
    const at = this.#count * size;
    if (at + size > this.#values.length) {
      const larger = new Uint32Array(Math.max(1024, 2 * this.#values.length));
      larger.set(this.#values);
      this.#values = larger;
    }
    for (let i = 0; i < this.#words; i++) {
      this.#values[at + i] = readU32(first, 4 * i);
      this.#values[at + this.#words + i] = readU32(last, 4 * i);
    }
    this.#count++;
  }

  /** First and last words of all, sorted; those that overlap or touch are one. Pauses every few milliseconds. */
  *merged(): Generator<void, Uint32Array> {
    const words = this.#words;
    const size = 2 * words;
    const all = this.#values;
    const order = yield* this.#sorted();
    const out = new Uint32Array(this.#count * size);
    let end = 0;
    for (const [i, at] of order.entries()) {
      if (i % SLICE === SLICE - 1) yield;
      const last = end - words;
      if (end > 0 && !isBeyond(all, at, out, last, words)) {
        if (compare(all, at + words, out, last, words) > 0)
          out.set(all.subarray(at + words, at + size), last);
      } else {
        out.set(all.subarray(at, at + size), end);
        end += size;
      }
    }
    return out.slice(0, end);
  }

  /** Where the ranges begin in `#values`, in the order of their first addresses: runs of a slice are sorted, then merged two by two. */
  *#sorted(): Generator<void, Uint32Array> {
    const all = this.#values;
    const words = this.#words;
    const count = this.#count;
    let order = Uint32Array.from({ length: count }, (_, i) => 2 * words * i);
    let other = new Uint32Array(count);
    for (let start = 0; start < count; start += SLICE) {
      order.subarray(start, start + SLICE).sort((a, b) => compare(all, a, all, b, words));
      yield;
    }
    for (let length = SLICE; length < count; length *= 2) {
      for (let start = 0; start < count; start += 2 * length) {
        const middle = Math.min(start + length, count);
        const end = Math.min(start + 2 * length, count);
        let [left, right] = [start, middle];
        for (let at = start; at < end; at++) {
          const isLeft =
            right === end || (left < middle && compare(all, order[left]!, all, order[right]!, words) <= 0);
          other[at] = order[isLeft ? left++ : right++]!;
          if (at % SLICE === SLICE - 1) yield;
        }
      }
      [order, other] = [other, order];
    }
    return order;
  }
}

/** Collects ranges for `IpRanges`. */
export class IpRangesBuilder {
  readonly #v4: RangeList = new RangeList(1);
  readonly #v6: RangeList = new RangeList(4);

  /** Adds a range by the bytes of its ends, which belong to it; false when they are of different families or in the wrong order. */
  add(first: Uint8Array, last: Uint8Array): boolean {
    if (first.length !== last.length) return false;
    for (let i = 0; i < first.length; i++) {
      if (first[i]! < last[i]!) break;
      if (first[i]! > last[i]!) return false;
    }
    (first.length === 4 ? this.#v4 : this.#v6).add(first, last);
    return true;
  }

  build(): IpRanges {
    const steps = this.steps();
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  /** What `build` does, with a pause every few milliseconds for others to go on: many ranges take a while. */
  *steps(): Generator<void, IpRanges> {
    return new IpRanges(yield* this.#v4.merged(), yield* this.#v6.merged());
  }
}

/** A set of IP addresses, kept as sorted ranges that don't overlap: 8 bytes for one of IPv4, 32 for one of IPv6. */
export class IpRanges {
  readonly #v4: Uint32Array;
  readonly #v6: Uint32Array;

  /** See `IpRangesBuilder`. */
  constructor(v4: Uint32Array, v6: Uint32Array) {
    this.#v4 = v4;
    this.#v6 = v6;
  }

  /** Ranges, after those that overlap or touch became one. */
  get size(): number {
    return this.#v4.length / 2 + this.#v6.length / 8;
  }

  /** False for what is no address. A zone index ("%eth0") says nothing of the address. */
  has(host: string): boolean {
    const bytes = parseIp(withoutZone(host));
    if (bytes === null) return false;
    const words: Words = bytes.length === 4 ? 1 : 4;
    const ranges = words === 1 ? this.#v4 : this.#v6;
    const wanted = Uint32Array.from({ length: words }, (_, i) => readU32(bytes, 4 * i));
    const size = 2 * words;
    // The last range that begins at or before the address.
    let low = 0;
    let high = ranges.length / size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(ranges, middle * size, wanted, 0, words) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compare(ranges, (low - 1) * size + words, wanted, 0, words) >= 0;
  }
}

function compare(a: Uint32Array, at: number, b: Uint32Array, bt: number, words: Words): number {
  for (let i = 0; i < words; i++) {
    const difference = a[at + i]! - b[bt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether the address at `at` comes after the one that follows the one at `bt`: there is something between them. */
function isBeyond(a: Uint32Array, at: number, b: Uint32Array, bt: number, words: Words): boolean {
  let carry = 1;
  const next = new Uint32Array(words);
  for (let i = words - 1; i >= 0; i--) {
    const sum = b[bt + i]! + carry;
    next[i] = sum >>> 0;
    carry = sum > 0xffff_ffff ? 1 : 0;
  }
  return carry === 0 && compare(a, at, next, 0, words) > 0;
}

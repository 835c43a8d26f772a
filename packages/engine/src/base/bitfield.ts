import { ProtocolError } from "./errors.ts";

/** Number of set bits in each byte value. */
const POPULATION = new Uint8Array(256);
for (let value = 1; value < 256; value++)
  POPULATION[value] = (POPULATION[value >>> 1] as number) + (value & 1);

/**
 * A fixed number of bits in wire order (bit 7 of byte 0 is index 0) with a running count.
 * Invariant: the spare bits of the last byte are zero, and `count` is the number of set bits.
 * Indices are the caller's duty: `get` of an index outside is false, `set` and `clear` of one throw RangeError.
 */
export class Bitfield {
  readonly length: number;
  /** The bits in wire order. Read only: writing here breaks `count`. */
  readonly bytes: Uint8Array;
  #count: number;

  constructor(length: number) {
    this.length = length;
    this.bytes = new Uint8Array((length + 7) >>> 3);
    this.#count = 0;
  }

  /** Copies a BITFIELD payload. Throws ProtocolError when its length is wrong or a spare bit is set. */
  static fromWire(bytes: Uint8Array, length: number): Bitfield {
    const field = new Bitfield(length);
    if (bytes.length !== field.bytes.length) {
      throw new ProtocolError("bitfield has the wrong length", {
        length: bytes.length,
        expected: field.bytes.length,
      });
    }
    const spare = field.bytes.length * 8 - length;
    if (spare > 0 && ((bytes[bytes.length - 1] as number) & ((1 << spare) - 1)) !== 0) {
      throw new ProtocolError("bitfield has spare bits set");
    }
    field.bytes.set(bytes);
    field.#count = countBits(bytes);
    return field;
  }

  /** Number of set bits. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get(index: number): boolean {
    return (
      index >= 0 && index < this.length && ((this.bytes[index >>> 3] as number) & (128 >>> (index & 7))) !== 0
    );
  }

  /** Sets a bit; true when it was clear. */
  set(index: number): boolean {
    const mask = this.#check(index);
    const at = index >>> 3;
    const byte = this.bytes[at] as number;
    if ((byte & mask) !== 0) return false;
    this.bytes[at] = byte | mask;
    this.#count++;
    return true;
  }

  /** Clears a bit; true when it was set. */
  clear(index: number): boolean {
    const mask = this.#check(index);
    const at = index >>> 3;
    const byte = this.bytes[at] as number;
    if ((byte & mask) === 0) return false;
    this.bytes[at] = byte & ~mask;
    this.#count--;
    return true;
  }

  setAll(): void {
    this.bytes.fill(255);
    const spare = this.bytes.length * 8 - this.length;
    if (spare > 0) this.bytes[this.bytes.length - 1] = (255 << spare) & 255;
    this.#count = this.length;
  }

  clearAll(): void {
    this.bytes.fill(0);
    this.#count = 0;
  }

  /** First set index at or after `from`, or -1. */
  nextSet(from: number): number {
    return this.#next(from, 0);
  }

  /** First clear index at or after `from`, or -1. */
  nextClear(from: number): number {
    return this.#next(from, 255);
  }

  /** True when some bit is set here that is clear in `other`, which has the same length. */
  hasAnyNotIn(other: Bitfield): boolean {
    const mine = this.bytes;
    const theirs = other.bytes;
    for (let i = 0; i < mine.length; i++)
      if (((mine[i] as number) & ~(theirs[i] as number)) !== 0) return true;
    return false;
  }

  /** Sets all that are set in `other`, which has the same length. */
  add(other: Bitfield): void {
    for (let i = 0; i < this.bytes.length; i++) this.bytes[i]! |= other.bytes[i]!;
    this.#count = countBits(this.bytes);
  }

  clone(): Bitfield {
    const copy = new Bitfield(this.length);
    copy.bytes.set(this.bytes);
    copy.#count = this.#count;
    return copy;
  }

  /** A fresh copy of the bytes, as a BITFIELD payload. */
  toWire(): Uint8Array {
    return this.bytes.slice();
  }

  /** Set indices in ascending order. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let index = this.nextSet(0); index >= 0; index = this.nextSet(index + 1)) yield index;
  }

  #check(index: number): number {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`bit ${index} of ${this.length}`);
    return 128 >>> (index & 7);
  }

  /** First index whose bit differs from those of `skip` (0: looks for set bits, 255: for clear ones). */
  #next(from: number, skip: number): number {
    let index = from < 0 ? 0 : from;
    if (index >= this.length) return -1;
    let at = index >>> 3;
    let byte = ((this.bytes[at] as number) ^ skip) & (255 >>> (index & 7));
    while (byte === 0) {
      if (++at >= this.bytes.length) return -1;
      byte = (this.bytes[at] as number) ^ skip;
    }
    index = at * 8 + Math.clz32(byte) - 24;
    return index < this.length ? index : -1;
  }
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) count += POPULATION[bytes[i] as number] as number;
  return count;
}

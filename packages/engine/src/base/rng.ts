/** Anything with a length and writable elements: arrays and typed arrays alike. */
export interface Shuffleable<T> {
  readonly length: number;
  [index: number]: T;
}

/** Source of random numbers for decisions (not for secrets): seeded, so that a run can be repeated. */
export interface Rng {
  /** Uniform 32-bit unsigned integer. */
  uint32(): number;
  /** Uniform integer in [0, n); n in 1..2^32. */
  below(n: number): number;
  /** Shuffles in place. */
  shuffle<T>(items: Shuffleable<T>): void;
}

/** splitmix32: spreads one word over a state that must not be all zeros. */
function spread(word: number): number {
  let z = word | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** xoshiro128**: four words of state, far better than needed for shuffles and jitter, and fast. */
export class Xoshiro128 implements Rng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** All bytes of an array seed count; equal seeds give equal sequences on every machine. */
  constructor(seed: number | Uint8Array) {
    const words = [0x9e3779b9, 0x3c6ef372, 0xdaa66d2b, 0x78dde6e4];
    if (typeof seed === "number") {
      words[0] = words[0]! ^ seed;
      words[1] = words[1]! ^ Math.floor(seed / 2 ** 32);
    } else {
      for (let i = 0; i < seed.length; i++) {
        const at = i & 3;
        words[at] = spread(words[at]! ^ Math.imul(seed[i]! + 1, 0x01000193) ^ i);
      }
    }
    // Each word takes in the one before, so that every bit of the seed reaches all of the state.
    let carry = 0;
    for (let i = 0; i < 8; i++) {
      carry = spread(words[i & 3]! + carry + 0x9e3779b9);
      words[i & 3] = carry;
    }
    this.#a = words[0]!;
    this.#b = words[1]!;
    this.#c = words[2]!;
    this.#d = words[3]! | 1;
  }

  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = rotateLeft(this.#d, 11);
    return result;
  }

  below(n: number): number {
    // Values past the last whole multiple of n are thrown away: a plain remainder would favour small results.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let value = this.uint32();
    while (value >= limit) value = this.uint32();
    return value % n;
  }

  shuffle<T>(items: Shuffleable<T>): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = items[i]!;
      items[i] = items[j]!;
      items[j] = held;
    }
  }
}

import { BLOCK_SIZE, type Rng } from "@shoal/engine/composition";

const PATTERN_BYTES = 1024 * 1024;
/** Blocks begin at multiples of this in the pattern. */
const STEP = 16;

/**
 * The content of all torrents of a world: every block of 16 KiB is a window on one random pattern, so that it can be made from
 * nothing, recognised, and kept by every disk of a thousand as one number.
 */
export class KnownBlocks {
  readonly pattern: Buffer;
  /** Where a window begins, by its first four bytes. */
  readonly #windows: Map<number, number> = new Map();
  readonly #offsets: readonly number[];
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.pattern = Buffer.alloc(PATTERN_BYTES + BLOCK_SIZE);
    for (let at = 0; at < this.pattern.length; at += 4) this.pattern.writeUInt32LE(rng.uint32(), at);
    for (let at = 0; at < PATTERN_BYTES; at += STEP) {
      const start = this.pattern.readUInt32LE(at);
      if (!this.#windows.has(start)) this.#windows.set(start, at);
    }
    this.#offsets = [...this.#windows.values()];
  }

  /** `size` bytes of new content. */
  make(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += BLOCK_SIZE) {
      const from = this.#offsets[this.#rng.below(this.#offsets.length)]!;
      bytes.set(this.pattern.subarray(from, from + Math.min(BLOCK_SIZE, size - at)), at);
    }
    return bytes;
  }

  /** Where in the pattern the bytes are found, or -1. */
  find(bytes: Uint8Array, from: number, length: number): number {
    if (length < 4) return -1;
    const start =
      (bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)) >>> 0;
    const at = this.#windows.get(start);
    if (at === undefined) return -1;
    return this.pattern.compare(bytes, from, from + length, at, at + length) === 0 ? at : -1;
  }

  view(at: number, length: number): Uint8Array {
    return this.pattern.subarray(at, at + length);
  }
}

import { BLOCK_SIZE } from "@shoal/engine/composition";
import type { KnownBlocks } from "./known-blocks.ts";

/** In place of a known block: nothing was written, or bytes of the file's own. */
const HOLE = -1;
const OWN = -2;

/** A file that keeps known blocks as references and anything else as bytes. */
export class SimulatedFile {
  size = 0;
  modifiedMs: number;
  inode: number;
  readonly #known: KnownBlocks;
  /** For each block of the file: where it is in the pattern, HOLE or OWN. */
  #blocks: Int32Array = new Int32Array(0);
  readonly #own: Map<number, Uint8Array> = new Map();

  constructor(known: KnownBlocks, modifiedMs: number, inode: number) {
    this.#known = known;
    this.modifiedMs = modifiedMs;
    this.inode = inode;
  }

  /** All bytes, as a copy. */
  get bytes(): Uint8Array {
    const bytes = new Uint8Array(this.size);
    this.read(0, this.size, bytes, 0);
    return bytes;
  }

  set bytes(bytes: Uint8Array) {
    this.truncate(0);
    this.write(0, bytes, 0, bytes.length);
  }

  /** Bytes that take room on the disk. */
  get usedBytes(): number {
    let used = 0;
    for (let block = 0; block * BLOCK_SIZE < this.size; block++) {
      if (this.#blocks[block] !== HOLE) used += Math.min(BLOCK_SIZE, this.size - block * BLOCK_SIZE);
    }
    return used;
  }

  /** Room that a write would take besides what the file has. */
  growthOf(offset: number, length: number): number {
    let growth = 0;
    for (let at = offset; at < offset + length;) {
      const end = Math.min(offset + length, (Math.floor(at / BLOCK_SIZE) + 1) * BLOCK_SIZE);
      if ((this.#blocks[Math.floor(at / BLOCK_SIZE)] ?? HOLE) === HOLE) growth += end - at;
      at = end;
    }
    return growth;
  }

  read(offset: number, length: number, target: Uint8Array, to: number): void {
    for (let at = offset; at < offset + length;) {
      const block = Math.floor(at / BLOCK_SIZE);
      const within = at - block * BLOCK_SIZE;
      const count = Math.min(offset + length - at, BLOCK_SIZE - within);
      const where = this.#blocks[block] ?? HOLE;
      const place = to + at - offset;
      if (where >= 0) target.set(this.#known.view(where + within, count), place);
      else if (where === OWN) target.set(this.#own.get(block)!.subarray(within, within + count), place);
      else target.fill(0, place, place + count);
      at += count;
    }
  }

  write(offset: number, source: Uint8Array, from: number, length: number): void {
    this.#grow(offset + length);
    for (let at = offset; at < offset + length;) {
      const within = at % BLOCK_SIZE;
      const count = Math.min(offset + length - at, BLOCK_SIZE - within);
      const start = from + at - offset;
      const isWhole = within === 0 && (count === BLOCK_SIZE || at + count === this.size);
      const where = isWhole ? this.#known.find(source, start, count) : -1;
      if (where >= 0) this.#set((at - within) / BLOCK_SIZE, where);
      else this.#ownBlock((at - within) / BLOCK_SIZE).set(source.subarray(start, start + count), within);
      at += count;
    }
  }

  /** Writes one block, whole or the last of the file, that begins at `where` in the pattern. */
  writeKnown(offset: number, where: number, length: number): void {
    this.#grow(offset + length);
    if (offset % BLOCK_SIZE === 0 && (length === BLOCK_SIZE || offset + length === this.size))
      this.#set(offset / BLOCK_SIZE, where);
    else this.write(offset, this.#known.view(where, length), 0, length);
  }

  /** Changes one byte. */
  flip(offset: number): void {
    this.#ownBlock(Math.floor(offset / BLOCK_SIZE))[offset % BLOCK_SIZE]! ^= 1;
  }

  truncate(size: number): void {
    if (size < this.size) {
      const kept = Math.ceil(size / BLOCK_SIZE);
      if (size % BLOCK_SIZE !== 0) this.#ownBlock(kept - 1).fill(0, size % BLOCK_SIZE);
      for (let block = kept; block < this.#blocks.length; block++) this.#set(block, HOLE);
    }
    this.size = size;
  }

  /** What a block is, in one number that is equal for equal content; null when it is not a known one. */
  knownAt(block: number): number | null {
    const where = this.#blocks[block] ?? HOLE;
    return where >= 0 ? where : null;
  }

  copy(): SimulatedFile {
    const copy = new SimulatedFile(this.#known, this.modifiedMs, this.inode);
    copy.size = this.size;
    copy.#blocks = this.#blocks.slice();
    for (const [block, bytes] of this.#own) copy.#own.set(block, bytes.slice());
    return copy;
  }

  #grow(size: number): void {
    if (size <= this.size) return;
    // A short last block becomes a longer one: what followed it in the pattern is not the file's.
    if (this.size % BLOCK_SIZE !== 0 && this.#blocks[Math.floor(this.size / BLOCK_SIZE)]! >= 0)
      this.#ownBlock(Math.floor(this.size / BLOCK_SIZE));
    this.size = size;
    const count = Math.ceil(size / BLOCK_SIZE);
    if (count <= this.#blocks.length) return;
    const blocks = new Int32Array(Math.max(count, this.#blocks.length * 2)).fill(HOLE);
    blocks.set(this.#blocks);
    this.#blocks = blocks;
  }

  #set(block: number, where: number): void {
    this.#blocks[block] = where;
    this.#own.delete(block);
  }

  #ownBlock(block: number): Uint8Array {
    const found = this.#own.get(block);
    if (found !== undefined) return found;
    const bytes = new Uint8Array(BLOCK_SIZE);
    const start = block * BLOCK_SIZE;
    this.read(start, Math.min(BLOCK_SIZE, Math.max(0, this.size - start)), bytes, 0);
    this.#own.set(block, bytes);
    this.#blocks[block] = OWN;
    return bytes;
  }
}

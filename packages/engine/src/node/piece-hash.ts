import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { BLOCK_SIZE } from "../meta/layout.ts";
import { nodeHasher } from "./hasher.ts";

const LEAF_BYTES = 32;
/** Bytes read back at a time. */
export const READ_BACK_BYTES: number = 1 << 20;
const ZEROS = new Uint8Array(1 << 18);

/** Bytes of a piece as they are on disk; the view is valid until the next call. */
export type ReadBack = (begin: number, length: number) => Uint8Array;

/**
 * Hash state of one piece while its runs arrive. SHA-1 runs over what comes in order and takes up what came early by
 * reading it back; SHA-256 leaves are taken in any order. What is missing in the end is read from disk.
 */
export class PieceHash {
  readonly #dataSize: number;
  readonly #pieceSize: number;
  /** SHA-1 over bytes [0, next), or null when it is not asked for. */
  #sha1: Hash | null;
  #next: number = 0;
  /** One byte for each block: 1 when it was written through us. */
  readonly #written: Uint8Array;
  /** One byte for each block: 1 when its leaf is known. */
  readonly #hasLeaf: Uint8Array;
  readonly #leaves: Uint8Array | null;

  constructor(dataSize: number, pieceSize: number, sha1: boolean, merkle: boolean) {
    const blocks = Math.ceil(dataSize / BLOCK_SIZE);
    this.#dataSize = dataSize;
    this.#pieceSize = pieceSize;
    this.#sha1 = sha1 ? createHash("sha1") : null;
    this.#written = new Uint8Array(blocks);
    this.#hasLeaf = new Uint8Array(blocks);
    this.#leaves = merkle ? new Uint8Array(blocks * LEAF_BYTES) : null;
  }

  /** True when the digests asked for are among those that this state follows. */
  covers(sha1: boolean, merkle: boolean): boolean {
    return (!sha1 || this.#sha1 !== null) && (!merkle || this.#leaves !== null);
  }

  /** Takes bytes that are being written at `begin`. `readBack` fetches what was written before them out of order. */
  add(begin: number, bytes: Uint8Array, readBack: ReadBack): void {
    if (this.#leaves !== null) this.#addLeaves(begin, bytes, true);
    if (this.#sha1 !== null) this.#addInOrder(this.#sha1, begin, bytes, readBack);
    const end = begin + bytes.length;
    for (let at = begin; at < end; at += BLOCK_SIZE) this.#written[Math.floor(at / BLOCK_SIZE)] = 1;
  }

  /** Reads from disk what was not hashed yet and returns the SHA-1 over the whole piece, pads included, and the leaves. */
  finish(readBack: ReadBack): { sha1: Uint8Array | null; leaves: Uint8Array | null } {
    for (let at = 0; at < this.#dataSize; at += READ_BACK_BYTES) {
      const end = Math.min(at + READ_BACK_BYTES, this.#dataSize);
      const missing = this.#leaves === null ? -1 : this.#firstMissingLeaf(at, end);
      const unhashed = this.#sha1 !== null && this.#next < end ? Math.max(at, this.#next) : -1;
      const from = missing < 0 ? unhashed : unhashed < 0 ? missing : Math.min(missing, unhashed);
      if (from < 0) continue;
      const bytes = readBack(from, end - from);
      if (missing >= 0) this.#addLeaves(missing, bytes.subarray(missing - from), false);
      if (unhashed >= 0) this.#sha1?.update(bytes.subarray(unhashed - from));
    }
    return { sha1: this.#finishSha1(), leaves: this.#leaves };
  }

  #addInOrder(sha1: Hash, begin: number, bytes: Uint8Array, readBack: ReadBack): void {
    if (begin > this.#next && this.#isWritten(this.#next, begin)) {
      for (let at = this.#next; at < begin; at += READ_BACK_BYTES) {
        sha1.update(readBack(at, Math.min(READ_BACK_BYTES, begin - at)));
      }
      this.#next = begin;
    }
    if (begin === this.#next) {
      sha1.update(bytes);
      this.#next += bytes.length;
    } else if (begin < this.#next) {
      // Bytes that were hashed before are being replaced: start again when the piece is finished.
      this.#sha1 = createHash("sha1");
      this.#next = 0;
    }
  }

  #isWritten(from: number, to: number): boolean {
    for (let at = from; at < to; at += BLOCK_SIZE) if (this.#written[at / BLOCK_SIZE] !== 1) return false;
    return true;
  }

  /** Byte at which the first block without a leaf in [from, to) begins, or -1. */
  #firstMissingLeaf(from: number, to: number): number {
    for (let at = from; at < to; at += BLOCK_SIZE) if (this.#hasLeaf[at / BLOCK_SIZE] === 0) return at;
    return -1;
  }

  /** Hashes whole blocks in `bytes`, which stand at `begin`; those that are known only if `replace` is set. */
  #addLeaves(begin: number, bytes: Uint8Array, replace: boolean): void {
    const leaves = this.#leaves as Uint8Array;
    const end = begin + bytes.length;
    for (let at = begin; at < end; at += BLOCK_SIZE) {
      const block = at / BLOCK_SIZE;
      const blockEnd = Math.min(at + BLOCK_SIZE, this.#dataSize);
      if (blockEnd > end || (!replace && this.#hasLeaf[block] === 1)) continue;
      leaves.set(nodeHasher.sha256(bytes.subarray(at - begin, blockEnd - begin)), block * LEAF_BYTES);
      this.#hasLeaf[block] = 1;
    }
  }

  #finishSha1(): Uint8Array | null {
    if (this.#sha1 === null) return null;
    for (let left = this.#pieceSize - this.#dataSize; left > 0; left -= ZEROS.length) {
      this.#sha1.update(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
    }
    return new Uint8Array(this.#sha1.digest());
  }
}

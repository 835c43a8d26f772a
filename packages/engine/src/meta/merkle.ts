import { equalBytes } from "../base/bytes.ts";
import { BLOCK_SIZE, nextPowerOfTwo } from "./layout.ts";

/** SHA-256, handed in by the caller. */
export type Sha256 = (data: Uint8Array) => Uint8Array;

/** Bytes of a hash in a v2 tree. */
export const HASH_BYTES = 32;

/** Hashes of padding by level, as far as they were asked for: the same for all files. */
const PADS: Uint8Array[] = [new Uint8Array(HASH_BYTES)];
/** What is being hashed: two neighbours at a time. */
const PAIR = new Uint8Array(2 * HASH_BYTES);
/** Where small trees are worked out: a torrent of many files has thousands of them. */
const SCRATCH = new Uint8Array(4_096);

/**
 * Root over 2^level leaves that lie beyond the end of a file. A leaf beyond the end is 32 zero bytes, not the hash of
 * a zero block (BEP 52).
 */
export function padHash(sha256: Sha256, level: number): Uint8Array {
  for (let known = PADS.length; known <= level; known++) {
    const below = PADS[known - 1] as Uint8Array;
    PADS.push(hashPair(sha256, below, below));
  }
  return (PADS[level] as Uint8Array).slice();
}

/** The layer above `layer`, half as long; an odd last hash is paired with `pad`, the pad hash of the given layer. */
function parentLayer(sha256: Sha256, layer: Uint8Array, pad: Uint8Array): Uint8Array {
  const parents = new Uint8Array(Math.ceil(layer.length / (2 * HASH_BYTES)) * HASH_BYTES);
  hashPairs(sha256, layer, layer.length, parents);
  if (layer.length % (2 * HASH_BYTES) !== 0) {
    parents.set(hashPair(sha256, layer.subarray(-HASH_BYTES), pad), parents.length - HASH_BYTES);
  }
  return parents;
}

/** Hashes the whole pairs among the first `length` bytes of `layer` into `parents`, which may be `layer` itself. */
function hashPairs(sha256: Sha256, layer: Uint8Array, length: number, parents: Uint8Array): void {
  for (let from = 0; from + 2 * HASH_BYTES <= length; from += 2 * HASH_BYTES) {
    for (let at = 0; at < PAIR.length; at++) PAIR[at] = layer[from + at] as number;
    parents.set(sha256(PAIR), from / 2);
  }
}

/** The hash above two neighbours. */
export function hashPair(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  PAIR.set(left);
  PAIR.set(right, HASH_BYTES);
  return sha256(PAIR);
}

/**
 * Root over `hashes` (32 bytes each, at least one), filled up with pad hashes to `width` (a power of two, at least
 * their number). `level` is the layer the hashes belong to: 0 for leaves.
 */
export function merkleRoot(sha256: Sha256, hashes: Uint8Array, width: number, level = 0): Uint8Array {
  const count = hashes.length / HASH_BYTES;
  if (!Number.isInteger(count) || count < 1 || count > width)
    throw new RangeError(`${count} hashes in a layer of ${width}`);
  // An odd layer is filled up by one hash of padding, each in its turn.
  const size = hashes.length + HASH_BYTES;
  const nodes = size <= SCRATCH.length ? SCRATCH : new Uint8Array(size);
  nodes.set(hashes);
  let length = hashes.length;
  for (let left = width, at = level; left > 1; left /= 2, at++) {
    if (length % (2 * HASH_BYTES) !== 0) {
      nodes.set(padHash(sha256, at), length);
      length += HASH_BYTES;
    }
    hashPairs(sha256, nodes, length, nodes);
    length /= 2;
  }
  return nodes.slice(0, HASH_BYTES);
}

/** The layer of a v2 tree whose hashes each cover a piece: 0 for pieces of 16 KiB. */
export function pieceLevel(pieceLength: number): number {
  return Math.log2(pieceLength / BLOCK_SIZE);
}

/** Pieces root of a file longer than a piece, from the roots of its pieces. */
export function rootFromPieceLayer(sha256: Sha256, layer: Uint8Array, pieceLength: number): Uint8Array {
  return merkleRoot(sha256, layer, nextPowerOfTwo(layer.length / HASH_BYTES), pieceLevel(pieceLength));
}

/**
 * Whether `layer` is the piece layer of the file with this pieces root: one hash for each piece of a file of `size`
 * bytes, which is longer than a piece, and their tree ends in the root.
 */
export function verifyPieceLayer(
  root: Uint8Array,
  layer: Uint8Array,
  pieceLength: number,
  size: number,
  hasher: { sha256: Sha256 },
): boolean {
  if (!hasPieceLayerLength(layer, pieceLength, size)) return false;
  return equalBytes(
    rootFromPieceLayer((data) => hasher.sha256(data), layer, pieceLength),
    root,
  );
}

/** Whether a piece layer has the right number of bytes for a file of `size` bytes, longer than a piece. */
export function hasPieceLayerLength(layer: Uint8Array, pieceLength: number, size: number): boolean {
  return size > pieceLength && layer.length === Math.ceil(size / pieceLength) * HASH_BYTES;
}

/** A layer of hashes and everything above it, built when first asked for and then kept. */
export class HashTree {
  readonly #sha256: Sha256;
  readonly #level: number;
  readonly #layers: Uint8Array[];
  readonly #pads: Uint8Array[];

  /** `hashes` are those of layer `level` that cover data, 32 bytes each; what follows them is padding. */
  constructor(sha256: Sha256, hashes: Uint8Array, level: number) {
    this.#sha256 = sha256;
    this.#level = level;
    this.#layers = [hashes];
    this.#pads = [padHash(sha256, level)];
  }

  /** The hash at `index` of layer `level`, which is at or above the tree's own lowest; a view, not to be changed. */
  node(level: number, index: number): Uint8Array {
    const step = level - this.#level;
    if (step < 0 || index < 0) throw new RangeError(`node ${index} of layer ${level}`);
    for (let above = this.#layers.length; above <= step; above++) {
      const pad = this.#pads[above - 1] as Uint8Array;
      this.#layers.push(parentLayer(this.#sha256, this.#layers[above - 1] as Uint8Array, pad));
      this.#pads.push(hashPair(this.#sha256, pad, pad));
    }
    const layer = this.#layers[step] as Uint8Array;
    const at = index * HASH_BYTES;
    return at < layer.length ? layer.subarray(at, at + HASH_BYTES) : (this.#pads[step] as Uint8Array);
  }
}

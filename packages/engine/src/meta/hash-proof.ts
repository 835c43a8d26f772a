import { equalBytes } from "../base/bytes.ts";
import { MAX_HASH_REQUEST_LENGTH, proofHashCount } from "../wire/hash-request.ts";
import type { HashRequest } from "../wire/hash-request.ts";
import { BLOCK_SIZE, isPowerOfTwo, nextPowerOfTwo } from "./layout.ts";
import { HASH_BYTES, HashTree, hashPair, merkleRoot, padHash, pieceLevel } from "./merkle.ts";
import type { Sha256 } from "./merkle.ts";

/** Measures of one file's v2 tree. Layers are counted from the leaves, which are layer 0. */
export interface TreeShape {
  /** Blocks of the file. */
  readonly leafCount: number;
  /** Layer of the root. */
  readonly depth: number;
  /** Layer whose hashes each cover a piece; at or above `depth` when the file is not longer than a piece. */
  readonly pieceLevel: number;
}

/** Shape of the tree of a file with at least one byte. */
export function treeShape(size: number, pieceLength: number): TreeShape {
  const leafCount = Math.ceil(size / BLOCK_SIZE);
  return { leafCount, depth: Math.ceil(Math.log2(leafCount)), pieceLevel: pieceLevel(pieceLength) };
}

/** Hashes of a layer that cover data; the rest of the layer is padding. */
export function layerLength(shape: TreeShape, level: number): number {
  return Math.ceil(shape.leafCount / 2 ** level);
}

/**
 * Requests that together fetch a file's piece layer, each with the whole proof up to the root. Empty for a file that
 * has none because it is not longer than a piece.
 */
export function pieceLayerRequests(piecesRoot: Uint8Array, shape: TreeShape): HashRequest[] {
  const requests: HashRequest[] = [];
  if (shape.depth <= shape.pieceLevel) return requests;
  const count = layerLength(shape, shape.pieceLevel);
  const proofLayers = shape.depth - shape.pieceLevel - 1;
  for (let index = 0; index < count; index += MAX_HASH_REQUEST_LENGTH) {
    const length = Math.max(2, Math.min(MAX_HASH_REQUEST_LENGTH, nextPowerOfTwo(count - index)));
    requests.push({ piecesRoot, baseLayer: shape.pieceLevel, index, length, proofLayers });
  }
  return requests;
}

/**
 * Requests for the leaves of one piece of a file (counted from the file's first). The proof ends at the piece's own
 * hash, which has to be known. Empty when a piece is one block: its leaf is the piece hash.
 */
export function leafRequests(piecesRoot: Uint8Array, shape: TreeShape, pieceInFile: number): HashRequest[] {
  const level = Math.min(shape.pieceLevel, shape.depth);
  const requests: HashRequest[] = [];
  if (level === 0) return requests;
  const width = 2 ** level;
  const first = pieceInFile * width;
  const end = Math.min(first + width, shape.leafCount);
  const length = Math.min(width, MAX_HASH_REQUEST_LENGTH);
  const proofLayers = length === width ? 0 : level - 1;
  for (let index = first; index < end; index += length) {
    requests.push({ piecesRoot, baseLayer: 0, index, length, proofLayers });
  }
  return requests;
}

/**
 * Most hashes of one request when a piece has more than the 512 leaves that BEP 52 allows: libtorrent asks for a
 * piece's at once.
 */
const MAX_PIECE_LEAVES = 8_192;

/**
 * Why a request can't be answered for a file of this shape, in words; null when all its numbers are in bounds. Check
 * this before anything else is done with a peer's request or answer. A length of 1 is let pass: libtorrent asks so
 * for the last of 513 pieces.
 */
export function hashRequestMisfit(shape: TreeShape, request: HashRequest): string | null {
  const { baseLayer, index, length, proofLayers } = request;
  const pieceLeaves = Math.min(2 ** shape.pieceLevel, MAX_PIECE_LEAVES);
  if (!isPowerOfTwo(length)) return "length is not a power of two";
  if (length > Math.max(MAX_HASH_REQUEST_LENGTH, pieceLeaves)) return "length is too large";
  if (index % length !== 0) return "index is not a multiple of length";
  if (baseLayer !== 0 && baseLayer !== shape.pieceLevel) return "base layer is neither leaves nor pieces";
  if (baseLayer >= shape.depth) return "base layer is above the root";
  if (proofLayers >= shape.depth - baseLayer) return "proof layers reach above the root";
  if (index + length > 2 ** (shape.depth - baseLayer)) return "the range is outside the layer";
  return null;
}

/**
 * Pieces of the file (counted from its first, end exclusive) whose leaves are needed for the answer; empty when the
 * piece layer is enough.
 */
export function piecesForHashRequest(shape: TreeShape, request: HashRequest): [from: number, end: number] {
  if (request.baseLayer === shape.pieceLevel && shape.depth > shape.pieceLevel) return [0, 0];
  const width = 2 ** Math.min(shape.pieceLevel, shape.depth);
  const pieces = Math.ceil(shape.leafCount / width);
  const from = Math.floor(request.index / width);
  const end = Math.min(Math.ceil((request.index + request.length) / width), pieces);
  return [Math.min(from, end), end];
}

/**
 * The hashes that answer a request in bounds: `length` of the base layer, then the uncles from low to high. `pieces`
 * is the tree over the piece layer (null for a file without), `leaves` has the leaves of each piece that
 * `piecesForHashRequest` names. Null when something needed is missing: then the request is rejected.
 */
export function answerHashRequest(
  sha256: Sha256,
  shape: TreeShape,
  request: HashRequest,
  pieces: HashTree | null,
  leaves: ReadonlyMap<number, Uint8Array>,
): Uint8Array | null {
  const { baseLayer, index, length } = request;
  const trees = new Map<number, HashTree>();
  for (const [piece, hashes] of leaves) trees.set(piece, new HashTree(sha256, hashes, 0));
  const node = (level: number, at: number): Uint8Array | null => {
    if (at >= layerLength(shape, level)) return padHash(sha256, level);
    if (level >= shape.pieceLevel && shape.depth > shape.pieceLevel) return pieces?.node(level, at) ?? null;
    const width = 2 ** (shape.pieceLevel - level);
    return trees.get(Math.floor(at / width))?.node(level, at % width) ?? null;
  };
  const uncles = proofHashCount(request);
  const answer = new Uint8Array((length + uncles) * HASH_BYTES);
  for (let i = 0; i < length; i++) {
    const hash = node(baseLayer, index + i);
    if (hash === null) return null;
    answer.set(hash, i * HASH_BYTES);
  }
  let level = baseLayer + Math.log2(length);
  let at = index / length;
  for (let i = 0; i < uncles; i++) {
    const hash = node(level, at % 2 === 0 ? at + 1 : at - 1);
    if (hash === null) return null;
    answer.set(hash, (length + i) * HASH_BYTES);
    level++;
    at = Math.floor(at / 2);
  }
  return answer;
}

/**
 * Whether `hashes` answer the request truthfully: the base hashes, combined with the uncles, reach a hash that is
 * known. The pieces root is always known; `known` may offer others (a verified piece layer) so that a short proof is
 * enough. On success the first `layerLength(shape, baseLayer) - index` hashes, at most `length`, cover data.
 */
export function checkHashes(
  sha256: Sha256,
  shape: TreeShape,
  request: HashRequest,
  hashes: Uint8Array,
  known: (level: number, index: number) => Uint8Array | null = () => null,
): boolean {
  if (hashRequestMisfit(shape, request) !== null) return false;
  const { baseLayer, index, length, piecesRoot } = request;
  if (hashes.length !== (length + proofHashCount(request)) * HASH_BYTES) return false;
  let level = baseLayer + Math.log2(length);
  let at = index / length;
  let hash = merkleRoot(sha256, hashes.subarray(0, length * HASH_BYTES), length, baseLayer);
  let used = length * HASH_BYTES;
  for (;;) {
    const expected = level === shape.depth ? piecesRoot : known(level, at);
    if (expected !== null) return equalBytes(hash, expected);
    if (used === hashes.length) return false;
    const uncle = hashes.subarray(used, used + HASH_BYTES);
    used += HASH_BYTES;
    hash = at % 2 === 0 ? hashPair(sha256, hash, uncle) : hashPair(sha256, uncle, hash);
    level++;
    at = Math.floor(at / 2);
  }
}

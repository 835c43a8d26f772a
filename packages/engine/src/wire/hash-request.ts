import { copyBytes, readU32, writeU32 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

/** Payload of hash request and hash reject, and the head of hashes (BEP 52). Numbers are unsigned 32-bit. */
export interface HashRequest {
  /** 32 bytes: the root hash of a file. */
  readonly piecesRoot: Uint8Array;
  /** Layers above the leaves (0 = hashes of 16 KiB blocks) at which the list starts. */
  readonly baseLayer: number;
  /** Offset in the base layer of the first hash, in hashes. */
  readonly index: number;
  /** Number of hashes of the base layer. */
  readonly length: number;
  /** Number of layers above the base for which uncle hashes are asked. */
  readonly proofLayers: number;
}

/** Encoded size of a `HashRequest`. */
export const HASH_REQUEST_PAYLOAD_BYTES = 48;
/** Most hashes of the base layer in one request (BEP 52: should not be exceeded). */
export const MAX_HASH_REQUEST_LENGTH = 512;
/** Layers of the largest possible tree: 2^48 leaves of 16 KiB are more than any file system holds. */
const MAX_LAYERS = 48;

/** Reads 48 bytes at `offset`; the result keeps nothing of `bytes`. */
export function readHashRequest(bytes: Uint8Array, offset: number): HashRequest {
  return {
    piecesRoot: copyBytes(bytes.subarray(offset, offset + 32)),
    baseLayer: readU32(bytes, offset + 32),
    index: readU32(bytes, offset + 36),
    length: readU32(bytes, offset + 40),
    proofLayers: readU32(bytes, offset + 44),
  };
}

/** Writes 48 bytes at `offset`. */
export function writeHashRequest(bytes: Uint8Array, offset: number, request: HashRequest): void {
  if (request.piecesRoot.length !== 32) throw new ProtocolError("pieces root has the wrong length");
  bytes.set(request.piecesRoot, offset);
  writeU32(bytes, offset + 32, request.baseLayer);
  writeU32(bytes, offset + 36, request.index);
  writeU32(bytes, offset + 40, request.length);
  writeU32(bytes, offset + 44, request.proofLayers);
}

/**
 * Why a peer's request can't be served whatever the file is, in words; null when its numbers are in bounds. Bounds that
 * depend on the file (number of layers, end of the base layer) are for whoever has the tree.
 */
export function hashRequestProblem(request: HashRequest): string | null {
  const { length, index, baseLayer, proofLayers } = request;
  if (length < 2 || length > MAX_HASH_REQUEST_LENGTH) return "length is not from 2 to 512";
  if ((length & (length - 1)) !== 0) return "length is not a power of two";
  if (index % length !== 0) return "index is not a multiple of length";
  if (baseLayer >= MAX_LAYERS) return "base layer is above every root";
  if (baseLayer + proofLayers > MAX_LAYERS) return "proof layers reach above every root";
  return null;
}

/**
 * Number of uncle hashes in the answer to a request whose numbers are in bounds: the lowest log2(length) - 1 proof
 * layers follow from the base hashes and are left out.
 */
export function proofHashCount(request: HashRequest): number {
  const omitted = 31 - Math.clz32(request.length) - 1;
  return Math.max(0, request.proofLayers - omitted);
}

/** Whether an answer (hashes or hash reject) belongs to this request. */
export function sameHashRequest(a: HashRequest, b: HashRequest): boolean {
  return (
    a.index === b.index &&
    a.length === b.length &&
    a.baseLayer === b.baseLayer &&
    a.proofLayers === b.proofLayers &&
    a.piecesRoot.every((byte, i) => byte === b.piecesRoot[i])
  );
}

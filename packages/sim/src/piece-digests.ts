import {
  BLOCK_SIZE,
  type HashKinds,
  merkleRoot,
  nodeHasher,
  type PieceDigest,
  type StorageSpec,
} from "@shoal/engine/composition";
import type { DiskFiles } from "./disk-files.ts";

/** Digests of pieces. The same known blocks are hashed once in a world, whoever asks; anything else is really hashed. */
export class PieceDigests {
  readonly #known: Map<string, PieceDigest> = new Map();

  /** Throws ERR_FILE_CHANGED. */
  digest(files: DiskFiles, spec: StorageSpec, piece: number, kinds: HashKinds): PieceDigest {
    const fingerprint = files.fingerprint(spec, piece);
    if (fingerprint === null) return hashPiece(files, spec, piece, kinds);
    const key = `${Number(kinds.sha1)}${Number(kinds.merkle)}${Number(kinds.leaves === true)} ${spec.layout.leafWidth(piece)} ${fingerprint}`;
    let digest = this.#known.get(key);
    if (digest === undefined) {
      digest = hashPiece(files, spec, piece, kinds);
      this.#known.set(key, digest);
    }
    return digest;
  }
}

function hashPiece(files: DiskFiles, spec: StorageSpec, piece: number, kinds: HashKinds): PieceDigest {
  const { layout } = spec;
  const bytes = files.bytes(spec, piece, 0, layout.pieceSize(piece));
  const sha1 = kinds.sha1 ? nodeHasher.sha1(bytes) : null;
  if (!kinds.merkle && kinds.leaves !== true) return { sha1, root: null, leaves: null };
  const leaves = new Uint8Array(32 * layout.blockCount(piece));
  for (let block = 0; block < layout.blockCount(piece); block++) {
    const from = block * BLOCK_SIZE;
    const data = bytes.subarray(from, from + layout.blockLength(piece, block));
    leaves.set(nodeHasher.sha256(data), block * 32);
  }
  const width = layout.leafWidth(piece);
  const root =
    width === 0 || !kinds.merkle ? null : merkleRoot((data) => nodeHasher.sha256(data), leaves, width);
  return { sha1, root, leaves: kinds.leaves === true ? leaves : null };
}

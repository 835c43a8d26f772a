import assert from "node:assert/strict";
import { type FuzzTarget, InputReader } from "@shoal/testkit/fuzz";
import { concatBytes } from "../../dist/base/bytes.js";
import {
  answerHashRequest,
  checkHashes,
  hashRequestMisfit,
  leafRequests,
  pieceLayerRequests,
  piecesForHashRequest,
  treeShape,
} from "../../dist/meta/hash-proof.js";
import { BLOCK_SIZE } from "../../dist/meta/layout.js";
import { HashTree, merkleRoot, rootFromPieceLayer, verifyPieceLayer } from "../../dist/meta/merkle.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import {
  hashRequestProblem,
  type HashRequest,
  readHashRequest,
  writeHashRequest,
} from "../../dist/wire/hash-request.js";

const sha256 = (data: Uint8Array): Uint8Array => nodeHasher.sha256(data);

/** A file of up to some hundred blocks with its trees: its leaves are made up. */
interface File {
  readonly shape: ReturnType<typeof treeShape>;
  readonly root: Uint8Array;
  readonly pieces: HashTree | null;
  readonly leaves: ReadonlyMap<number, Uint8Array>;
}

const FILES = new Map<string, File>();

function makeFile(leafCount: number, level: number): File {
  const key = `${leafCount} ${level}`;
  const known = FILES.get(key);
  if (known !== undefined) return known;
  const pieceLength = BLOCK_SIZE * 2 ** level;
  const size = leafCount * BLOCK_SIZE - 5;
  const shape = treeShape(size, pieceLength);
  const all = Array.from({ length: leafCount }, (_, at) => sha256(Uint8Array.of(at, at >>> 8)));
  const width = 2 ** Math.min(level, shape.depth);
  const leaves = new Map<number, Uint8Array>();
  const layer: Uint8Array[] = [];
  for (let piece = 0; piece * width < leafCount; piece++) {
    const part = concatBytes(...all.slice(piece * width, (piece + 1) * width));
    leaves.set(piece, part);
    layer.push(merkleRoot(sha256, part, width));
  }
  const hasLayer = shape.depth > level;
  const bytes = concatBytes(...layer);
  const root = hasLayer ? rootFromPieceLayer(sha256, bytes, pieceLength) : layer[0]!;
  if (hasLayer) assert.ok(verifyPieceLayer(root, bytes, pieceLength, size, nodeHasher));
  const file = { shape, root, pieces: hasLayer ? new HashTree(sha256, bytes, level) : null, leaves };
  FILES.set(key, file);
  return file;
}

function answer({ shape, pieces, leaves }: File, request: HashRequest): Uint8Array | null {
  const [from, end] = piecesForHashRequest(shape, request);
  const needed = new Map([...leaves].filter(([piece]) => piece >= from && piece < end));
  return answerHashRequest(sha256, shape, request, pieces, needed);
}

/** An honest answer to what is asked passes, and no changed one does. */
const hashProof: FuzzTarget = {
  name: "hash-proof",
  about: "hash requests (BEP 52): bounds, answers and their proof, against real trees",
  seeds: () => {
    const seeds: Uint8Array[] = [];
    for (const [leaves, level] of [
      [3, 0],
      [4, 1],
      [600, 2],
      [1, 0],
      [33, 6],
      [700, 0],
    ] as const) {
      const { shape, root } = makeFile(leaves, level);
      for (const request of [...pieceLayerRequests(root, shape), ...leafRequests(root, shape, 0)].slice(
        0,
        3,
      )) {
        const bytes = new Uint8Array(52);
        bytes.set([leaves >>> 8, leaves, level, 0]);
        writeHashRequest(bytes, 4, request);
        seeds.push(bytes);
      }
    }
    return seeds;
  },
  maxBytes: 256,
  run(input) {
    const reader = new InputReader(input);
    const file = makeFile(1 + (reader.u16() % 1_100), reader.u8() % 12);
    const change = reader.u8();
    const numbers = new Uint8Array(48);
    numbers.set(reader.take(48));
    const request = { ...readHashRequest(numbers, 0), piecesRoot: file.root };
    const misfit = hashRequestMisfit(file.shape, request);
    if (misfit !== null) {
      assert.equal(checkHashes(sha256, file.shape, request, new Uint8Array(64)), false);
      return misfit;
    }
    const hashes = answer(file, request);
    if (hashes === null) return "no answer";
    const reaches =
      request.baseLayer + Math.max(Math.log2(request.length), request.proofLayers + 1) >= file.shape.depth;
    assert.equal(checkHashes(sha256, file.shape, request, hashes), reaches);
    if (hashes.length > 0) hashes[(change * 257) % hashes.length]! ^= 1;
    assert.equal(checkHashes(sha256, file.shape, request, hashes), false);
    return `answered ${reaches} ${hashRequestProblem(request) ?? ""}`;
  },
};

export const targets: readonly FuzzTarget[] = [hashProof];

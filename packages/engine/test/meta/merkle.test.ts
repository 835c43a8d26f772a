import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, equalBytes } from "../../dist/base/bytes.js";
import {
  answerHashRequest,
  checkHashes,
  hashRequestMisfit,
  layerLength,
  leafRequests,
  pieceLayerRequests,
  piecesForHashRequest,
  treeShape,
} from "../../dist/meta/hash-proof.js";
import { BLOCK_SIZE, nextPowerOfTwo } from "../../dist/meta/layout.js";
import {
  HASH_BYTES,
  HashTree,
  merkleRoot,
  padHash,
  rootFromPieceLayer,
  verifyPieceLayer,
} from "../../dist/meta/merkle.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import type { HashRequest } from "../../dist/wire/hash-request.js";

const sha256 = (data: Uint8Array): Uint8Array => nodeHasher.sha256(data);
const hashAt = (hashes: Uint8Array, index: number): Uint8Array =>
  hashes.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);

/** Every layer in full width, the simple way. */
function fullTree(leaves: Uint8Array): Uint8Array[][] {
  const width = nextPowerOfTwo(leaves.length / HASH_BYTES);
  let layer = Array.from({ length: width }, (_, i) =>
    i * HASH_BYTES < leaves.length ? hashAt(leaves, i) : new Uint8Array(HASH_BYTES),
  );
  const layers = [layer];
  while (layer.length > 1) {
    layer = layer
      .filter((_, i) => i % 2 === 0)
      .map((hash, i) => sha256(concatBytes(hash, layer[2 * i + 1]!)));
    layers.push(layer);
  }
  return layers;
}

function leavesOf(count: number): Uint8Array {
  return concatBytes(...Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i, i >> 8))));
}

/** One file with everything that is known of it. */
function makeFile(leafCount: number, pieceLevel: number) {
  const leaves = leavesOf(leafCount);
  const layers = fullTree(leaves);
  const pieceLength = BLOCK_SIZE * 2 ** pieceLevel;
  const shape = treeShape(leafCount * BLOCK_SIZE - 5, pieceLength);
  const root = layers.at(-1)![0]!;
  const hasLayer = shape.depth > pieceLevel;
  const pieceLayer = hasLayer
    ? concatBytes(...layers[pieceLevel]!.slice(0, layerLength(shape, pieceLevel)))
    : null;
  const width = 2 ** Math.min(pieceLevel, shape.depth);
  const pieceLeaves = (piece: number): Uint8Array =>
    leaves.slice(piece * width * HASH_BYTES, (piece + 1) * width * HASH_BYTES);
  return { layers, shape, root, pieceLength, pieceLayer, pieceLeaves, size: leafCount * BLOCK_SIZE - 5 };
}
type TestFile = ReturnType<typeof makeFile>;

function answer(file: TestFile, request: HashRequest): Uint8Array | null {
  const [from, end] = piecesForHashRequest(file.shape, request);
  const leaves = new Map<number, Uint8Array>();
  for (let piece = from; piece < end; piece++) leaves.set(piece, file.pieceLeaves(piece));
  const pieces =
    file.pieceLayer === null ? null : new HashTree(sha256, file.pieceLayer, file.shape.pieceLevel);
  return answerHashRequest(sha256, file.shape, request, pieces, leaves);
}

/** Counts around powers of two, where padding goes wrong. */
const leafCount = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(127, 128, 129, 255, 256, 257));
const aFile = fc.tuple(leafCount, fc.nat(4)).map(([leaves, level]) => makeFile(leaves, level));

test("root, piece layer and file agree, for every count up to 130 and all piece sizes", () => {
  for (let leaves = 1; leaves <= 130; leaves++) {
    for (let level = 0; level <= 4; level++) {
      const file = makeFile(leaves, level);
      assert.deepEqual(
        merkleRoot(sha256, concatBytes(...file.layers[0]!.slice(0, leaves)), nextPowerOfTwo(leaves)),
        file.root,
      );
      if (file.pieceLayer === null) continue;
      assert.deepEqual(rootFromPieceLayer(sha256, file.pieceLayer, file.pieceLength), file.root);
      assert.ok(verifyPieceLayer(file.root, file.pieceLayer, file.pieceLength, file.size, nodeHasher));
    }
  }
});

test("a piece layer with a flipped bit, a missing or a further hash is refused", () => {
  fc.assert(
    fc.property(
      aFile.filter((file) => file.pieceLayer !== null),
      fc.nat(),
      (file, at) => {
        const layer = file.pieceLayer!;
        const bad = layer.slice();
        bad[at % bad.length]! ^= 1 << (at % 8);
        const check = (bytes: Uint8Array): boolean =>
          verifyPieceLayer(file.root, bytes, file.pieceLength, file.size, nodeHasher);
        assert.equal(check(bad), false);
        assert.equal(check(layer.subarray(HASH_BYTES)), false);
        assert.equal(check(concatBytes(layer, padHash(sha256, file.shape.pieceLevel))), false);
        assert.equal(check(layer.subarray(1)), false);
        assert.equal(
          verifyPieceLayer(file.root, layer, file.pieceLength, file.pieceLength, nodeHasher),
          false,
        );
      },
    ),
  );
});

test("merkleRoot refuses widths that don't hold the hashes", () => {
  assert.throws(() => merkleRoot(sha256, new Uint8Array(), 1), RangeError);
  assert.throws(() => merkleRoot(sha256, new Uint8Array(96), 2), RangeError);
  assert.throws(() => merkleRoot(sha256, new Uint8Array(33), 2), RangeError);
  assert.deepEqual(merkleRoot(sha256, new Uint8Array(32), 8), padHash(sha256, 3));
});

test("HashTree has every node of the full tree", () => {
  fc.assert(
    fc.property(aFile, (file) => {
      const tree = new HashTree(
        sha256,
        file.pieceLayer ?? file.pieceLeaves(0),
        file.pieceLayer === null ? 0 : file.shape.pieceLevel,
      );
      const lowest = file.pieceLayer === null ? 0 : file.shape.pieceLevel;
      for (let level = lowest; level <= file.shape.depth; level++) {
        file.layers[level]!.forEach((hash, index) => assert.deepEqual(tree.node(level, index), hash));
      }
      assert.throws(() => tree.node(lowest - 1, 0), RangeError);
    }),
    { numRuns: 60 },
  );
});

test("our requests are in bounds, and their answers prove the whole piece layer", () => {
  for (const [leaves, level] of [
    [2, 0],
    [3, 0],
    [4, 0],
    [5, 1],
    [513, 0],
    [1024, 0],
    [1025, 0],
    [1540, 1],
  ] as const) {
    const file = makeFile(leaves, level);
    const got: Uint8Array[] = [];
    for (const request of pieceLayerRequests(file.root, file.shape)) {
      assert.equal(hashRequestMisfit(file.shape, request), null);
      const hashes = answer(file, request)!;
      assert.ok(checkHashes(sha256, file.shape, request, hashes));
      const covered = Math.min(request.length, layerLength(file.shape, level) - request.index);
      got.push(hashes.subarray(0, covered * HASH_BYTES));
    }
    assert.ok(equalBytes(concatBytes(...got), file.pieceLayer!), `${leaves} leaves`);
  }
  assert.deepEqual(pieceLayerRequests(new Uint8Array(32), treeShape(BLOCK_SIZE * 4, BLOCK_SIZE * 4)), []);
});

test("leaves of a piece are proved against the piece layer or the root", () => {
  fc.assert(
    fc.property(aFile, fc.nat(), (file, n) => {
      const { shape } = file;
      const level = Math.min(shape.pieceLevel, shape.depth);
      const piece = n % layerLength(shape, level);
      const known = (at: number, index: number): Uint8Array | null =>
        at === level ? file.layers[level]![index]! : null;
      const requests = leafRequests(file.root, shape, piece);
      if (level === 0) assert.deepEqual(requests, []);
      for (const request of requests) {
        assert.equal(hashRequestMisfit(shape, request), null);
        const hashes = answer(file, request)!;
        assert.ok(checkHashes(sha256, shape, request, hashes, known));
        const wrong = hashes.slice();
        wrong[n % wrong.length]! ^= 1;
        assert.equal(checkHashes(sha256, shape, request, wrong, known), false);
      }
    }),
  );
});

test("leaves of pieces with more than 512 blocks are asked for in parts", () => {
  const file = makeFile(2100, 10);
  const requests = leafRequests(file.root, file.shape, 2);
  assert.deepEqual(
    requests.map(({ index, length, proofLayers }) => [index, length, proofLayers]),
    [[2048, 512, 9]],
  );
  const hashes = answer(file, requests[0]!)!;
  assert.equal(hashes.length, (512 + 1) * HASH_BYTES);
  assert.ok(
    checkHashes(sha256, file.shape, requests[0]!, hashes, (level, index) =>
      level === 10 ? file.layers[10]![index]! : null,
    ),
  );
  assert.equal(checkHashes(sha256, file.shape, requests[0]!, hashes), false);
});

/** Any request in bounds for a file. */
const bounded = fc
  .tuple(aFile, fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.nat())
  .filter(([file]) => file.shape.depth > 0)
  .map(([file, a, b, c, d, at]) => {
    const { shape } = file;
    const baseLayer = shape.depth > shape.pieceLevel && a % 2 === 1 ? shape.pieceLevel : 0;
    const span = shape.depth - baseLayer;
    const length = 2 ** (b % (span + 1));
    const index = (c % (2 ** span / length)) * length;
    const request: HashRequest = { piecesRoot: file.root, baseLayer, index, length, proofLayers: d % span };
    return { file, request, at };
  });

test("an answer has exactly the base hashes and the uncles that BEP 52 names", () => {
  fc.assert(
    fc.property(bounded, ({ file, request }) => {
      assert.equal(hashRequestMisfit(file.shape, request), null);
      const { baseLayer, index, length, proofLayers } = request;
      const expected: Uint8Array[] = file.layers[baseLayer]!.slice(index, index + length);
      // Layer i above the base is left out while the asked hashes hold all of the layer below the uncle.
      for (let layer = length === 1 ? 0 : 1; layer <= proofLayers; layer++) {
        if (2 ** layer < length) continue;
        const at = Math.floor(index / 2 ** layer);
        expected.push(file.layers[baseLayer + layer]![at ^ 1]!);
      }
      assert.ok(equalBytes(answer(file, request)!, concatBytes(...expected)));
    }),
    { numRuns: 300 },
  );
});

test("with all proof layers an answer stands on the root alone, and nothing in it can be changed", () => {
  fc.assert(
    fc.property(bounded, ({ file, request, at }) => {
      const full = { ...request, proofLayers: file.shape.depth - request.baseLayer - 1 };
      const hashes = answer(file, full)!;
      assert.ok(checkHashes(sha256, file.shape, full, hashes));
      const wrong = hashes.slice();
      wrong[at % wrong.length]! ^= 1 << (at % 8);
      assert.equal(checkHashes(sha256, file.shape, full, wrong), false);
      assert.equal(checkHashes(sha256, file.shape, full, hashes.subarray(HASH_BYTES)), false);
      assert.equal(
        checkHashes(sha256, file.shape, full, concatBytes(hashes, hashes.subarray(0, HASH_BYTES))),
        false,
      );
    }),
    { numRuns: 300 },
  );
});

test("what is missing makes no answer", () => {
  const file = makeFile(20, 2);
  const request: HashRequest = { piecesRoot: file.root, baseLayer: 0, index: 4, length: 4, proofLayers: 4 };
  const tree = new HashTree(sha256, file.pieceLayer!, 2);
  assert.deepEqual(piecesForHashRequest(file.shape, request), [1, 2]);
  assert.equal(answerHashRequest(sha256, file.shape, request, tree, new Map()), null);
  assert.equal(
    answerHashRequest(sha256, file.shape, request, null, new Map([[1, file.pieceLeaves(1)]])),
    null,
  );
  assert.notEqual(
    answerHashRequest(sha256, file.shape, request, tree, new Map([[1, file.pieceLeaves(1)]])),
    null,
  );
});

test("requests out of bounds are named, for any numbers", () => {
  const file = makeFile(20, 2);
  const good: HashRequest = { piecesRoot: file.root, baseLayer: 2, index: 0, length: 2, proofLayers: 2 };
  assert.equal(hashRequestMisfit(file.shape, good), null);
  const bad: Partial<HashRequest>[] = [
    { length: 0 },
    { length: 3 },
    { length: 1024 },
    { index: 1 },
    { index: 8 },
    { length: 16 },
    { baseLayer: 1 },
    { baseLayer: 3 },
    { baseLayer: 5 },
    { baseLayer: 0xffffffff },
    { proofLayers: 3 },
    { proofLayers: 0xffffffff },
    { index: 0xfffffffe },
    { index: 0xfffffffe, length: 512 },
  ];
  for (const change of bad) {
    assert.equal(
      typeof hashRequestMisfit(file.shape, { ...good, ...change }),
      "string",
      JSON.stringify(change),
    );
    assert.equal(checkHashes(sha256, file.shape, { ...good, ...change }, new Uint8Array(64)), false);
  }
  const u32 = fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 0xffffffff }));
  fc.assert(
    fc.property(aFile, u32, u32, u32, u32, (any, baseLayer, index, length, proofLayers) => {
      const request: HashRequest = { piecesRoot: any.root, baseLayer, index, length, proofLayers };
      if (hashRequestMisfit(any.shape, request) === null) assert.ok(answer(any, request) !== null);
    }),
  );
});

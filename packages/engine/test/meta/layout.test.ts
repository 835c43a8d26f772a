import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../dist/base/errors.js";
import {
  BLOCK_SIZE,
  isPowerOfTwo,
  Layout,
  MAX_PIECES,
  nextPowerOfTwo,
  padEntry,
  type LayoutEntry,
} from "../../dist/meta/layout.js";

function file(size: number, pad = false): LayoutEntry {
  return { ...padEntry(size), path: ["f"], pad };
}

/** Sizes near the borders of blocks and pieces of 64 KiB. */
const size = fc.oneof(
  fc.constant(0),
  fc.nat(200_000),
  fc
    .tuple(fc.nat(12), fc.integer({ min: -2, max: 2 }))
    .map(([blocks, off]) => Math.max(0, blocks * BLOCK_SIZE + off)),
);
const v1Files = fc
  .array(fc.tuple(size, fc.boolean()), { minLength: 1, maxLength: 12 })
  .filter((list) => list.some(([bytes, pad]) => bytes > 0 && !pad));

test("pieces, blocks and files of a v1 layout add up to a byte map", () => {
  // A piece length that is no multiple of a block is legal in v1.
  fc.assert(
    fc.property(v1Files, fc.constantFrom(BLOCK_SIZE, 4 * BLOCK_SIZE, 40_000, 17), (list, pieceLength) => {
      const scale = pieceLength === 17 ? 1000 : 1;
      const files = list.map(([bytes, pad]) => file(Math.ceil(bytes / scale), pad));
      const layout = new Layout("v1", pieceLength, files);
      const owners = files.flatMap((entry, index) => new Array<number>(entry.size).fill(index));
      assert.equal(layout.totalSize, owners.length);
      assert.equal(layout.contentSize, owners.filter((index) => !files[index]!.pad).length);
      assert.equal(layout.pieceCount, Math.ceil(owners.length / pieceLength));
      for (let piece = 0; piece < layout.pieceCount; piece++) {
        const inPiece = owners.slice(piece * pieceLength, (piece + 1) * pieceLength);
        assert.equal(layout.pieceSize(piece), inPiece.length);
        const lastData = inPiece.findLastIndex((index) => !files[index]!.pad) + 1;
        assert.equal(layout.dataSize(piece), lastData);
        let blocks = 0;
        for (let block = 0; block < layout.blockCount(piece); block++)
          blocks += layout.blockLength(piece, block);
        assert.equal(blocks, lastData);
        let runs = 0;
        for (let run = 0; run < layout.runCount(piece, 3 * BLOCK_SIZE); run++)
          runs += layout.runLength(piece, run, 3 * BLOCK_SIZE);
        assert.equal(runs, lastData);
        assert.deepEqual(
          layout.filesInPiece(piece).map(({ index }) => index),
          [...new Set(inPiece)],
        );
        const own = inPiece.find((index) => !files[index]!.pad) ?? inPiece[0];
        assert.equal(layout.fileOfPiece(piece).index, own);
      }
      for (const placed of layout.files) {
        const first = owners.indexOf(placed.index);
        if (placed.size === 0) assert.equal(placed.endPiece, placed.firstPiece);
        else
          assert.deepEqual(
            [placed.offset, placed.firstPiece, placed.endPiece],
            [first, Math.floor(first / pieceLength), Math.ceil((first + placed.size) / pieceLength)],
          );
      }
    }),
    { numRuns: 60 },
  );
});

test("spans cover a range exactly once, in order", () => {
  fc.assert(
    fc.property(v1Files, fc.nat(), fc.nat(), (list, a, b) => {
      const layout = new Layout(
        "v1",
        BLOCK_SIZE,
        list.map(([bytes, pad]) => file(bytes, pad)),
      );
      const from = a % layout.totalSize;
      const length = b % (layout.totalSize - from + 1);
      let at = 0;
      layout.spans(from, length, (span, fileOffset, bytes, position) => {
        assert.equal(position, at);
        assert.equal(span.offset + fileOffset, from + at);
        assert.ok(bytes > 0 && fileOffset + bytes <= span.size);
        at += bytes;
      });
      assert.equal(at, length);
    }),
  );
  const layout = new Layout("v1", BLOCK_SIZE, [file(10)]);
  for (const [from, length] of [
    [-1, 1],
    [0, 11],
    [11, 0],
    [0, -1],
  ] as const) {
    assert.throws(() => layout.spans(from, length, () => assert.fail()), RangeError);
  }
});

test("v2: each file has pieces of its own, pads are added, leaves fit", () => {
  fc.assert(
    fc.property(
      fc.array(size, { minLength: 1, maxLength: 10 }).filter((list) => list.some((bytes) => bytes > 0)),
      (sizes) => {
        const pieceLength = 4 * BLOCK_SIZE;
        const layout = new Layout(
          "v2",
          pieceLength,
          sizes.map((bytes) => file(bytes)),
        );
        const content = layout.files.filter((entry) => !entry.pad);
        assert.deepEqual(
          content.map((entry) => entry.size),
          sizes,
        );
        assert.equal(layout.totalSize, layout.pieceCount * pieceLength);
        for (const entry of content) {
          assert.equal(entry.offset % pieceLength, 0);
          let bytes = 0;
          for (let piece = entry.firstPiece; piece < entry.endPiece; piece++) {
            assert.equal(layout.fileOfPiece(piece).index, entry.index);
            assert.equal(layout.dataSize(piece), Math.min(pieceLength, entry.size - bytes));
            const leaves = Math.ceil(entry.size / BLOCK_SIZE);
            assert.equal(layout.leafWidth(piece), entry.size > pieceLength ? 4 : nextPowerOfTwo(leaves));
            bytes += layout.dataSize(piece);
          }
          assert.equal(bytes, entry.size);
        }
        assert.equal(
          layout.contentSize,
          sizes.reduce((sum, bytes) => sum + bytes, 0),
        );
        // What was laid out lays out the same.
        assert.deepEqual(new Layout("v2", pieceLength, content).files, layout.files);
      },
    ),
  );
});

test("a v1 piece that is all padding has nothing to request", () => {
  const layout = new Layout("v1", BLOCK_SIZE, [file(5), file(3 * BLOCK_SIZE, true)]);
  assert.equal(layout.pieceCount, 4);
  assert.equal(layout.blockCount(1), 0);
  assert.equal(layout.fileOfPiece(1).pad, true);
  assert.equal(layout.leafWidth(0), 0);
});

test("what doesn't fit is refused with its reason", () => {
  const reasonOf = (make: () => unknown): unknown => {
    try {
      make();
    } catch (error) {
      return error instanceof ProtocolError ? error.details["reason"] : error;
    }
    return null;
  };
  assert.equal(
    reasonOf(() => new Layout("v1", 0, [file(1)])),
    "torrent_missing_piece_length",
  );
  assert.equal(
    reasonOf(() => new Layout("v1", 2 ** 29, [file(1)])),
    "torrent_missing_piece_length",
  );
  assert.equal(
    reasonOf(() => new Layout("v1", BLOCK_SIZE, [file(0)])),
    "torrent_invalid_length",
  );
  assert.equal(
    reasonOf(() => new Layout("v1", BLOCK_SIZE, [file(9, true)])),
    "torrent_invalid_length",
  );
  assert.equal(
    reasonOf(() => new Layout("hybrid", BLOCK_SIZE, [file(5), file(5)])),
    "torrent_inconsistent_files",
  );
  assert.equal(
    reasonOf(() => new Layout("v1", 1, [file(MAX_PIECES)])),
    null,
  );
  assert.equal(
    reasonOf(() => new Layout("v1", 1, [file(MAX_PIECES), file(1)])),
    "too_many_pieces_in_torrent",
  );
  assert.equal(
    reasonOf(() => new Layout("v1", 1, [file(Number.MAX_VALUE)])),
    "too_many_pieces_in_torrent",
  );
});

test("powers of two", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 1024, 1025].map(nextPowerOfTwo), [1, 1, 2, 4, 4, 8, 1024, 2048]);
  assert.deepEqual([1, 2, 2 ** 31].map(isPowerOfTwo), [true, true, true]);
  assert.deepEqual(
    [0, -2, 3, 1.5, Number.NaN, 2 ** 32, Infinity].map(isPowerOfTwo),
    new Array(7).fill(false),
  );
});

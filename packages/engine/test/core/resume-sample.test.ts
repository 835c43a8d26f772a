import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bitfield } from "../../dist/base/bitfield.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { samplePieces } from "../../dist/core/resume-sample.js";
import { Layout } from "../../dist/meta/layout.js";

const BLOCK = 16_384;
const plain = { pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };

function layoutOf(blocks: readonly number[]): Layout {
  return new Layout(
    "v1",
    BLOCK,
    blocks.map((count, index) => ({ ...plain, path: [`f${index}`], size: count * BLOCK })),
  );
}

function claim(length: number, pieces: Iterable<number>): Bitfield {
  const claimed = new Bitfield(length);
  for (const piece of pieces) claimed.set(piece);
  return claimed;
}

test("a sample has the ends of the largest files and what was written last", () => {
  const layout = layoutOf([3, 500, 1, 2000, 700]);
  const claimed = claim(layout.pieceCount, Array(layout.pieceCount).keys());
  const sample = samplePieces(layout, claimed, [77, 78], new Xoshiro128(1));
  for (const piece of [77, 78, 0, 2, 3, 502, 504, 2503, 2504, 3203]) assert.ok(sample.has(piece), `${piece}`);
  assert.equal(sample.size, 33, "one in a hundred");
});

test("a sample is bounded, and of claimed pieces only", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 4000 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat({ max: 20_000 }), { maxLength: 20 }),
      fc.nat({ max: 100 }),
      fc.integer(),
      (blocks, latest, percent, seed) => {
        fc.pre(blocks.some((count) => count > 0));
        const layout = layoutOf(blocks);
        const rng = new Xoshiro128(seed);
        const claimed = claim(
          layout.pieceCount,
          [...Array(layout.pieceCount).keys()].filter(() => rng.below(100) < percent),
        );
        const sample = samplePieces(layout, claimed, latest, rng);
        for (const piece of sample) assert.ok(claimed.get(piece));
        assert.ok(sample.size >= Math.min(8, claimed.count));
        assert.ok(sample.size >= Math.min(64, claimed.count / 100));
        assert.ok(sample.size <= 64);
      },
    ),
  );
});

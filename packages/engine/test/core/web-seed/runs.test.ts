import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BlockReader } from "../../../dist/core/web-seed/block-reader.js";
import { HostBudget } from "../../../dist/core/web-seed/host-budget.js";
import { RunQueue, type Run } from "../../../dist/core/web-seed/run-queue.js";
import { wholeFilesRun } from "../../../dist/core/web-seed/whole-files.js";
import { longestGap } from "../../../dist/core/picker/longest-gap.js";
import { BLOCK_SIZE, Layout, type LayoutEntry, padEntry } from "../../../dist/meta/layout.js";

const B = BLOCK_SIZE;
const file = (size: number): LayoutEntry => ({ ...padEntry(size), path: ["f"], pad: false });

function drain(queue: RunQueue, isWanted: (piece: number, block: number) => boolean = () => true): Run[] {
  const runs: Run[] = [];
  for (let run = queue.next(isWanted); run !== null; run = queue.next(isWanted)) runs.push(run);
  assert.ok(queue.isEmpty);
  return runs;
}

test("a run of whole files has each block that begins in them, and no other", () => {
  const layouts = [
    new Layout("v1", 2.5 * B, [file(3 * B + 5), file(0), file(2), file(7 * B), file(1), file(1)]),
    new Layout("v2", 4 * B, [file(5 * B), file(3 * B + 1), file(7)]),
    new Layout("v1", 1_000, [file(999), file(5_000), file(1)]),
  ];
  fc.assert(
    fc.property(fc.constantFrom(...layouts), fc.nat(), fc.nat(), (layout, nth, more) => {
      const blocks: { start: number; end: number; file: number; piece: number }[] = [];
      for (let piece = 0; piece < layout.pieceCount; piece++) {
        for (let block = 0; block < layout.blockCount(piece); block++) {
          const start = piece * layout.pieceLength + block * B;
          let file = -1;
          layout.spans(start, 1, ({ index }) => (file = index));
          blocks.push({ start, end: start + layout.blockLength(piece, block), file, piece });
        }
      }
      const from = nth % blocks.length;
      let to = from;
      // Nothing lies between the blocks of a run.
      while (to - from < more % 5 && blocks[to + 1]?.start === blocks[to]!.end) to++;
      const [first, last] = [blocks[from]!, blocks[to]!];
      const begin = first.start - first.piece * layout.pieceLength;
      const run = wholeFilesRun(layout, { piece: first.piece, begin, length: last.end - first.start });
      const within = blocks.filter(({ file }) => file >= first.file && file <= last.file);
      assert.equal(run.piece * layout.pieceLength + run.begin, within[0]!.start);
      assert.equal(run.length, within.at(-1)!.end - within[0]!.start);
    }),
  );
});

describe("RunQueue", () => {
  // Pieces of two blocks and a half: blocks restart in each.
  const layout = new Layout("v1", 2.5 * B, [file(10 * B + 7)]);

  test("blocks that follow one another make one run, over pieces too", () => {
    const queue = new RunQueue(layout);
    for (const [piece, block] of [
      [0, 1],
      [0, 2],
      [1, 0],
      [3, 2],
      [3, 1],
      [4, 0],
    ] as const)
      queue.add(piece, block);
    assert.deepEqual(drain(queue), [
      { piece: 0, begin: B, length: 2.5 * B },
      { piece: 3, begin: 2 * B, length: 0.5 * B },
      { piece: 3, begin: B, length: B },
      { piece: 4, begin: 0, length: 7 },
    ]);
  });

  test("what is not wanted any more is left out and parts runs", () => {
    const queue = new RunQueue(layout);
    for (const block of [0, 1, 2]) queue.add(0, block);
    assert.deepEqual(
      drain(queue, (_piece, block) => block !== 1),
      [
        { piece: 0, begin: 0, length: B },
        { piece: 0, begin: 2 * B, length: 0.5 * B },
      ],
    );
  });

  test("padding at the end of a piece ends a run, and 8 MiB do", () => {
    const padded = new Layout("v2", 4 * B, [file(5 * B), file(3 * B)]);
    const queue = new RunQueue(padded);
    for (let block = 0; block < 4; block++) queue.add(0, block);
    queue.add(1, 0);
    for (let block = 0; block < 3; block++) queue.add(2, block);
    assert.deepEqual(drain(queue), [
      { piece: 0, begin: 0, length: 5 * B },
      { piece: 2, begin: 0, length: 3 * B },
    ]);
    const large = new Layout("v1", 1024 * B, [file(1024 * B)]);
    const long = new RunQueue(large);
    for (let block = 0; block < 600; block++) long.add(0, block);
    assert.deepEqual(
      drain(long).map(({ length }) => length / B),
      [512, 88],
    );
  });
});

test("BlockReader: every split of the bytes gives the same blocks", () => {
  const layout = new Layout("v1", 2.5 * B, [file(7 * B + 7)]);
  const bytes = Uint8Array.from({ length: 6 * B + 7 }, (_, i) => (i * 31) >>> 5);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 }), (cuts) => {
      const seen: [number, number, number][] = [];
      const got = new Uint8Array(bytes.length);
      let at = 0;
      const reader = new BlockReader(layout, 0, B, (piece, begin, buffer, offset, length) => {
        seen.push([piece, begin, length]);
        got.set(buffer.subarray(offset, offset + length), at);
        at += length;
      });
      const borders = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      for (let i = 1; i < borders.length; i++) reader.push(bytes.subarray(borders[i - 1], borders[i]));
      assert.deepEqual(got, bytes);
      assert.deepEqual(seen, [
        [0, B, B],
        [0, 2 * B, B / 2],
        [1, 0, B],
        [1, B, B],
        [1, 2 * B, B / 2],
        [2, 0, B],
        [2, B, B],
        [2, 2 * B, 7],
      ]);
    }),
    { numRuns: 50 },
  );
});

test("longestGap finds what counting bit by bit finds", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 255, 1, 128, 0x3c, 0xfe), { maxLength: 40 }), (bytes) => {
      const a = Uint8Array.from(bytes);
      const b = new Uint8Array(a.length).fill(0xfd);
      const bits = Array.from(a, (byte) => (byte & 0xfd).toString(2).padStart(8, "0")).join("");
      const runs = bits.match(/1+/g) ?? [""];
      const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
      const gap = longestGap(a, b);
      assert.equal(gap.length, longest.length);
      if (longest !== "") assert.equal(gap.start, bits.search(new RegExp(`(?<!1)${longest}(?!1)`)));
    }),
  );
});

test("HostBudget: eight at a time for each host", () => {
  const budget = new HostBudget();
  for (let i = 0; i < 8; i++) assert.ok(budget.tryTake("a"));
  assert.equal(budget.tryTake("a"), false);
  assert.ok(budget.tryTake("b"));
  budget.release("a");
  assert.ok(budget.tryTake("a"));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UploadQueue } from "../../../dist/core/peer/upload-queue.js";

const BLOCK = 16_384;
const RUN = 256 * 1024;

type Run = { piece: number; begin: number; length: number; blockLength: number };

function nextRun(queue: UploadQueue, maxBytes = RUN): Run | null {
  const run = queue.nextRun(maxBytes);
  return run === null ? null : { ...run };
}

function drain(queue: UploadQueue, maxBytes = RUN): Run[] {
  const runs: Run[] = [];
  for (let run = nextRun(queue, maxBytes); run !== null; run = nextRun(queue, maxBytes)) runs.push(run);
  return runs;
}

test("neighbours leave together, whatever the order of asking", () => {
  const queue = new UploadQueue();
  for (const block of [3, 1, 0, 2, 7]) queue.add(5, block * BLOCK, BLOCK);
  queue.add(4, 0, 100);
  assert.equal(queue.length, 6);
  assert.equal(queue.queuedBytes, 5 * BLOCK + 100);
  assert.deepEqual(drain(queue), [
    { piece: 4, begin: 0, length: 100, blockLength: 100 },
    { piece: 5, begin: 0, length: 4 * BLOCK, blockLength: BLOCK },
    { piece: 5, begin: 7 * BLOCK, length: BLOCK, blockLength: BLOCK },
  ]);
  assert.equal(queue.queuedBytes, 0);
});

test("runs end at the limit, at 256 KiB borders and after a short block", () => {
  const queue = new UploadQueue();
  for (let block = 0; block < 40; block++) queue.add(0, block * BLOCK, BLOCK);
  queue.add(0, 40 * BLOCK, 500);
  queue.add(0, 40 * BLOCK + 500, 500);
  assert.deepEqual(nextRun(queue, 3 * BLOCK), { piece: 0, begin: 0, length: 3 * BLOCK, blockLength: BLOCK });
  assert.deepEqual(nextRun(queue, RUN), {
    piece: 0,
    begin: 3 * BLOCK,
    length: 13 * BLOCK,
    blockLength: BLOCK,
  });
  assert.deepEqual(nextRun(queue, RUN), { piece: 0, begin: RUN, length: RUN, blockLength: BLOCK });
  assert.deepEqual(nextRun(queue), { piece: 0, begin: 2 * RUN, length: 8 * BLOCK + 500, blockLength: BLOCK });
  assert.deepEqual(nextRun(queue), { piece: 0, begin: 40 * BLOCK + 500, length: 500, blockLength: 500 });
  queue.add(0, 0, 8 * BLOCK);
  assert.equal(nextRun(queue, BLOCK)!.length, 8 * BLOCK);
});

test("goes upwards and around, so that no request waits for ever", () => {
  const queue = new UploadQueue();
  queue.add(50, 0, BLOCK);
  queue.add(90, 0, BLOCK);
  assert.equal(nextRun(queue)!.piece, 50);
  // Lower pieces that keep coming wait for their turn.
  for (let piece = 0; piece < 5; piece++) queue.add(piece, 0, BLOCK);
  assert.deepEqual(
    drain(queue).map(({ piece }) => piece),
    [90, 0, 1, 2, 3, 4],
  );
});

test("is bounded; a repeated request is kept once", () => {
  const queue = new UploadQueue(3);
  assert.equal(queue.add(0, 0, BLOCK), true);
  assert.equal(queue.add(0, 0, BLOCK), true);
  assert.equal(queue.length, 1);
  queue.add(1, 0, BLOCK);
  queue.add(2, 0, BLOCK);
  assert.equal(queue.add(3, 0, BLOCK), false);
  assert.equal(queue.add(2, 0, BLOCK), true);
  assert.equal(queue.cancel(1, 0, 5), false);
  assert.equal(queue.cancel(1, 0, BLOCK), true);
  assert.equal(queue.cancel(1, 0, BLOCK), false);
  assert.equal(queue.add(3, 0, BLOCK), true);
});

test("a choke visits everything but the allowed fast pieces", () => {
  const queue = new UploadQueue();
  for (let piece = 0; piece < 4; piece++) queue.add(piece, 0, BLOCK);
  const cleared: number[] = [];
  queue.clear(
    (piece, begin, length) => {
      assert.deepEqual([begin, length], [0, BLOCK]);
      cleared.push(piece);
    },
    new Set([2]),
  );
  assert.deepEqual(cleared, [0, 1, 3]);
  assert.equal(queue.queuedBytes, BLOCK);
  assert.deepEqual(
    drain(queue).map(({ piece }) => piece),
    [2],
  );
  queue.add(1, 0, BLOCK);
  queue.clear(() => undefined);
  assert.equal(queue.nextRun(RUN), null);
});

test("every request is served, cancelled or cleared exactly once", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("add" as const),
        piece: fc.nat(3),
        block: fc.nat(20),
        length: fc.constantFrom(BLOCK, BLOCK, BLOCK, 700),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(100) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("run" as const), blocks: fc.nat(16) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), keep: fc.nat(5) }) },
  );
  const capacity = 25;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 300, size: "max" }), (steps) => {
      const queue = new UploadQueue(capacity);
      const model = new Map<string, readonly [number, number, number]>();
      for (const one of steps) {
        if (one.kind === "add") {
          const request = [one.piece, one.block * BLOCK, one.length] as const;
          const key = request.join("/");
          const fits = model.has(key) || model.size < capacity;
          assert.equal(queue.add(...request), fits);
          if (fits) model.set(key, request);
        } else if (one.kind === "cancel") {
          const [key, request] = [...model][one.which % Math.max(1, model.size)] ?? [];
          if (key === undefined || request === undefined) continue;
          model.delete(key);
          assert.equal(queue.cancel(...request), true);
        } else if (one.kind === "run") {
          const run = nextRun(queue, one.blocks * BLOCK);
          assert.equal(run === null, model.size === 0);
          if (run === null) continue;
          assert.ok(run.length <= Math.max(run.blockLength, one.blocks * BLOCK));
          for (let at = 0; at < run.length; at += run.blockLength) {
            const length = Math.min(run.blockLength, run.length - at);
            assert.ok(
              model.delete(`${run.piece}/${run.begin + at}/${length}`),
              "served what was not asked for",
            );
          }
        } else {
          queue.clear(
            (...request) => {
              assert.notEqual(request[0], one.keep);
              assert.ok(model.delete(request.join("/")));
            },
            new Set([one.keep]),
          );
          for (const [piece] of model.values()) assert.equal(piece, one.keep);
        }
        assert.equal(queue.length, model.size);
        assert.equal(
          queue.queuedBytes,
          [...model.values()].reduce((sum, [, , length]) => sum + length, 0),
        );
      }
      const left = drain(queue).reduce((count, run) => count + Math.ceil(run.length / run.blockLength), 0);
      assert.equal(left, model.size);
    }),
    { numRuns: 100 },
  );
});

test("stays sorted while it grows to its capacity", () => {
  const queue = new UploadQueue(1_000);
  for (let i = 0; i < 500; i++) assert.equal(queue.add((i * 7) % 1_000, 0, BLOCK), true);
  for (let i = 0; i < 100; i++) queue.nextRun(BLOCK);
  for (let i = 0; i < 600; i++) assert.equal(queue.add(1_000 + i, 0, BLOCK), true);
  assert.equal(queue.add(5_000, 0, BLOCK), false);
  const pieces = drain(queue).map(({ piece }) => piece);
  assert.equal(pieces.length, 1_000);
  assert.deepEqual(
    pieces,
    pieces.toSorted((a, b) => a - b),
  );
});

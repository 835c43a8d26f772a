import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RequestQueue } from "../../../dist/core/peer/request-queue.js";

type Pair = readonly [number, number];

function collect(visit: (push: (piece: number, block: number) => void) => void): Pair[] {
  const pairs: Pair[] = [];
  visit((piece, block) => pairs.push([piece, block]));
  return pairs;
}

test("remembers requests until they are answered", () => {
  const queue = new RequestQueue(10);
  queue.add(3, 0, 100);
  queue.add(3, 1, 200);
  queue.add(4, 0, 300);
  assert.equal(queue.length, 3);
  assert.equal(queue.oldestSentAt(), 100);
  const index = queue.remove(3, 1);
  assert.equal(queue.sentAt(index), 200);
  assert.equal(queue.removedLate, false);
  assert.equal(queue.remove(3, 1), -1);
  assert.equal(queue.isLive(3, 1), false);
  assert.deepEqual(
    collect((push) => queue.forEach(push)),
    [
      [3, 0],
      [4, 0],
    ],
  );
});

test("is bounded", () => {
  const queue = new RequestQueue(3);
  for (let i = 0; i < 3; i++) assert.equal(queue.add(0, i, 0), true);
  assert.equal(queue.add(0, 3, 0), false);
  queue.bury(0, 1);
  assert.equal(queue.add(0, 3, 0), true);
});

test("a withdrawn request still takes its late block, once", () => {
  const queue = new RequestQueue(10);
  queue.add(1, 1, 50);
  assert.equal(queue.bury(1, 1), true);
  assert.equal(queue.bury(1, 1), false);
  assert.equal(queue.length, 0);
  assert.equal(queue.oldestSentAt(), Infinity);
  const index = queue.remove(1, 1);
  assert.equal(queue.sentAt(index), 50);
  assert.equal(queue.removedLate, true);
  assert.equal(queue.remove(1, 1), -1);
});

test("of a withdrawn and a repeated request the live one is answered first", () => {
  const queue = new RequestQueue(10);
  queue.add(1, 1, 10);
  queue.bury(1, 1);
  queue.add(1, 1, 20);
  assert.equal(queue.sentAt(queue.remove(1, 1)), 20);
  assert.equal(queue.removedLate, false);
  assert.equal(queue.sentAt(queue.remove(1, 1)), 10);
  assert.equal(queue.removedLate, true);
});

test("expires what was sent until a time, in order", () => {
  const queue = new RequestQueue(10);
  for (let i = 0; i < 5; i++) queue.add(0, i, i * 100);
  queue.remove(0, 1);
  assert.deepEqual(
    collect((push) => queue.expire(250, push)),
    [
      [0, 0],
      [0, 2],
    ],
  );
  assert.equal(queue.length, 2);
  assert.deepEqual(
    collect((push) => queue.clear(push)),
    [
      [0, 3],
      [0, 4],
    ],
  );
  assert.equal(queue.length, 0);
  for (const block of [4, 0, 3, 2]) assert.ok(queue.remove(0, block) >= 0);
});

test("does what a list would do, for any order of answers", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("add" as const), piece: fc.nat(3), block: fc.nat(9) }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("answer" as const), which: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("bury" as const), which: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), age: fc.nat(40) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 400, size: "max" }), (steps) => {
      const queue = new RequestQueue(12);
      let model: { piece: number; block: number; at: number }[] = [];
      let now = 0;
      for (const one of steps) {
        now++;
        if (one.kind === "add") {
          if (model.some(({ piece, block }) => piece === one.piece && block === one.block)) continue;
          const fits = model.length < 12;
          assert.equal(queue.add(one.piece, one.block, now), fits);
          if (fits) model.push({ piece: one.piece, block: one.block, at: now });
        } else if (one.kind === "expire") {
          const gone = collect((push) => queue.expire(now - one.age, push));
          const expected = model.filter(({ at }) => at <= now - one.age);
          assert.deepEqual(
            gone,
            expected.map(({ piece, block }) => [piece, block]),
          );
          model = model.filter(({ at }) => at > now - one.age);
        } else {
          const entry = model[one.which % Math.max(1, model.length)];
          if (entry === undefined) continue;
          model = model.filter((other) => other !== entry);
          if (one.kind === "bury") assert.equal(queue.bury(entry.piece, entry.block), true);
          else {
            const index = queue.remove(entry.piece, entry.block);
            assert.ok(index >= 0);
            assert.equal(queue.removedLate, false);
            assert.equal(queue.sentAt(index), entry.at);
          }
        }
        assert.equal(queue.length, model.length);
        assert.equal(queue.oldestSentAt(), model[0]?.at ?? Infinity);
        assert.deepEqual(
          collect((push) => queue.forEach(push)),
          model.map(({ piece, block }) => [piece, block]),
        );
      }
    }),
    { numRuns: 100 },
  );
});

test("a request stuck at the front doesn't fill the ring", () => {
  const queue = new RequestQueue(8);
  queue.add(9, 9, 0);
  for (let i = 0; i < 1_000; i++) {
    assert.equal(queue.add(1, i % 100, i), true);
    assert.ok(queue.remove(1, i % 100) >= 0);
  }
  assert.equal(queue.oldestSentAt(), 0);
  assert.equal(queue.length, 1);
});

test("tombstones give way to live requests", () => {
  const queue = new RequestQueue(8);
  for (let i = 0; i < 500; i++) {
    assert.equal(queue.add(2, i, i), true);
    assert.equal(queue.bury(2, i), true);
  }
  for (let i = 0; i < 8; i++) assert.equal(queue.add(3, i, 1_000), true);
  assert.equal(queue.remove(2, 0), -1);
  assert.ok(queue.remove(2, 499) >= 0);
  for (let i = 0; i < 8; i++) assert.ok(queue.remove(3, i) >= 0);
});

test("keeps order, times and tombstones while it grows to its capacity", () => {
  const queue = new RequestQueue(1_000);
  for (let i = 0; i < 1_000; i++) {
    assert.equal(queue.add(i, i % 7, i), true);
    // Some are answered and some withdrawn on the way, so that the ring has gaps when it is full.
    if (i % 10 === 3) queue.remove(i, i % 7);
    if (i % 10 === 6) queue.bury(i, i % 7);
  }
  assert.equal(queue.length, 800);
  const expected = Array.from({ length: 1_000 }, (_, i): Pair => [i, i % 7]).filter(
    ([i]) => i % 10 !== 3 && i % 10 !== 6,
  );
  assert.deepEqual(
    collect((push) => queue.forEach(push)),
    expected,
  );
  assert.equal(queue.sentAt(queue.remove(806, 806 % 7)), 806);
  assert.equal(queue.removedLate, true);
  for (let i = 0; i < 200; i++) assert.equal(queue.add(2_000 + i, 0, 0), true);
  assert.equal(queue.add(3_000, 0, 0), false);
});

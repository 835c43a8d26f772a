import assert from "node:assert/strict";
import { test } from "node:test";
import { Xoshiro128 } from "../../dist/base/rng.js";

const take = (seed: number | Uint8Array, n: number): number[] => {
  const rng = new Xoshiro128(seed);
  return Array.from({ length: n }, () => rng.uint32());
};

test("equal seeds give equal sequences, others don't", () => {
  assert.deepEqual(take(42, 20), take(42, 20));
  assert.notDeepEqual(take(42, 5), take(43, 5));
  assert.notDeepEqual(take(1, 5), take(1 + 2 ** 32, 5));
  const seed = new Uint8Array(32).fill(7);
  const other = seed.slice();
  other[31] = 8;
  assert.deepEqual(take(seed, 20), take(seed.slice(), 20));
  assert.notDeepEqual(take(seed, 5), take(other, 5));
});

test("values are 32-bit unsigned integers with all bits in use", () => {
  let seen = 0;
  for (const value of [...take(0, 200), ...take(new Uint8Array(), 200)]) {
    assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
    seen |= value;
  }
  assert.equal(seen >>> 0, 0xffff_ffff);
});

test("below is in range and even", () => {
  const rng = new Xoshiro128(3);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[rng.below(7)]!++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${count}`);
  assert.equal(rng.below(1), 0);
  assert.ok(rng.below(2 ** 32) < 2 ** 32);
});

test("shuffle permutes arrays and typed arrays", () => {
  const rng = new Xoshiro128(5);
  const items = Uint32Array.from({ length: 100 }, (_, i) => i);
  rng.shuffle(items);
  assert.notDeepEqual(
    [...items],
    [...items].sort((a, b) => a - b),
  );
  assert.deepEqual(
    [...items].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  // Each of the six orders of three items is about as frequent.
  const orders = new Map<string, number>();
  for (let i = 0; i < 6_000; i++) {
    const letters = ["a", "b", "c"];
    rng.shuffle(letters);
    orders.set(letters.join(""), (orders.get(letters.join("")) ?? 0) + 1);
  }
  assert.equal(orders.size, 6);
  for (const count of orders.values()) assert.ok(Math.abs(count - 1_000) < 150, `${count}`);
});

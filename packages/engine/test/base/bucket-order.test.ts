import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BucketOrder } from "../../dist/base/bucket-order.js";

const BUCKETS = 6;

const step = fc.oneof(
  fc.record({ kind: fc.constant("bucket" as const), item: fc.nat(1_000), bucket: fc.nat(BUCKETS - 1) }),
  fc.record({ kind: fc.constant("revive" as const), item: fc.nat(1_000) }),
  fc.record({ kind: fc.constant("kill" as const), item: fc.nat(1_000) }),
  fc.record({ kind: fc.constant("settle" as const) }),
  fc.record({ kind: fc.constant("unsettle" as const) }),
);

test("keeps items sorted by bucket, the live ones last in each", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(step, { minLength: 20, maxLength: 200, size: "max" }),
      (count, steps) => {
        const permutation = Uint32Array.from({ length: count }, (_, i) => (i * 7 + 3) % count);
        if (new Set(permutation).size !== count) permutation.forEach((_, i) => (permutation[i] = i));
        const order = new BucketOrder(permutation, BUCKETS);
        const bucket = new Array<number>(count).fill(0);
        const live = new Set<number>();
        order.invariants();
        for (const one of steps) {
          if (one.kind === "settle") order.settle();
          else if (one.kind === "unsettle") order.unsettle();
          else {
            const item = one.item % count;
            if (one.kind === "bucket") {
              order.setBucket(item, one.bucket);
              bucket[item] = one.bucket;
            } else if (one.kind === "revive") {
              assert.equal(order.revive(item), !live.has(item));
              live.add(item);
            } else {
              assert.equal(order.kill(item), live.has(item));
              live.delete(item);
            }
          }
          order.invariants();
          assert.equal(order.liveCount, live.size);
        }
        order.settle();
        order.invariants();
        for (let item = 0; item < count; item++) {
          assert.equal(order.bucketOf(item), bucket[item]);
          assert.equal(order.isLive(item), live.has(item));
          assert.equal(order.order[order.positionOf(item)], item);
        }
        for (let b = 0; b < BUCKETS; b++) {
          assert.equal(order.liveIn(b), [...live].filter((item) => bucket[item] === b).length);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("an empty order", () => {
  const order = new BucketOrder(new Uint32Array(0), 3);
  order.unsettle();
  order.settle();
  order.invariants();
  assert.equal(order.liveCount, 0);
});

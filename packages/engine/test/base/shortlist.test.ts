import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Shortlist } from "../../dist/base/shortlist.js";

test("keeps the smallest keys in order, the first ones of equals", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12)), fc.nat(5), (keys, limit) => {
      const list = new Shortlist(5);
      list.clear(limit);
      keys.forEach((key, item) => list.offer(key, item));
      const sorted = keys
        .map((key, item) => ({ key, item }))
        .sort((a, b) => a.key - b.key || a.item - b.item);
      assert.deepEqual(
        [...list.items.subarray(0, list.length)],
        sorted.slice(0, limit).map(({ item }) => item),
      );
      assert.equal(list.overflowed, keys.length > limit);
      list.clear();
      assert.deepEqual([list.length, list.overflowed], [0, false]);
    }),
  );
});

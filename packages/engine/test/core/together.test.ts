import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bitfield } from "../../dist/base/bitfield.js";
import { countTogether } from "../../dist/core/swarm/together.js";

const LENGTH = 19;

test("countTogether counts each piece once that anybody has", () => {
  const sets = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: LENGTH - 1 })), { maxLength: 6 });
  fc.assert(
    fc.property(sets, (all) => {
      const fields = all.map((pieces) => {
        const field = new Bitfield(LENGTH);
        for (const piece of pieces) field.set(piece);
        return field;
      });
      assert.equal(countTogether(fields, LENGTH), new Set(all.flat()).size);
    }),
  );
});

test("countTogether passes over who has another number of pieces", () => {
  const other = new Bitfield(LENGTH + 1);
  other.setAll();
  assert.equal(countTogether([other], LENGTH), 0);
});

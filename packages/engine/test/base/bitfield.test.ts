import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bitfield } from "../../dist/base/bitfield.js";
import { ProtocolError } from "../../dist/base/errors.js";

function filled(bits: readonly boolean[]): Bitfield {
  const field = new Bitfield(bits.length);
  bits.forEach((bit, index) => bit && field.set(index));
  return field;
}
const bits = fc.array(fc.boolean(), { maxLength: 100 });

test("agrees with an array of booleans", () => {
  fc.assert(
    fc.property(bits, fc.integer({ min: -1, max: 101 }), (model, from) => {
      const field = filled(model);
      assert.equal(field.length, model.length);
      assert.equal(field.count, model.filter(Boolean).length);
      assert.equal(field.isFull, model.every(Boolean));
      assert.equal(field.isEmpty, !model.some(Boolean));
      assert.deepEqual(
        [...field],
        model.flatMap((bit, index) => (bit ? [index] : [])),
      );
      const next = (value: boolean): number =>
        model.findIndex((bit, index) => bit === value && index >= from);
      assert.equal(field.nextSet(from), next(true));
      assert.equal(field.nextClear(from), next(false));
      assert.equal(field.get(from), model[from] ?? false);
    }),
  );
});

test("wire form round trips and is a copy", () => {
  fc.assert(
    fc.property(bits, (model) => {
      const field = filled(model);
      const wire = field.toWire();
      const copy = Bitfield.fromWire(wire, model.length);
      assert.deepEqual([...copy], [...field]);
      assert.equal(copy.count, field.count);
      wire.fill(0);
      assert.equal(copy.count, field.count);
      assert.deepEqual(copy.clone().toWire(), field.toWire());
    }),
  );
  assert.deepEqual(
    filled([true, false, false, false, false, false, false, true, true]).toWire(),
    Uint8Array.of(0x81, 0x80),
  );
});

test("a wrong length or a spare bit is refused", () => {
  assert.throws(() => Bitfield.fromWire(new Uint8Array(1), 9), ProtocolError);
  assert.throws(() => Bitfield.fromWire(new Uint8Array(3), 9), ProtocolError);
  assert.throws(() => Bitfield.fromWire(Uint8Array.of(0xff, 0xc0), 9), ProtocolError);
  assert.equal(Bitfield.fromWire(Uint8Array.of(0xff, 0x80), 9).isFull, true);
});

test("set and clear say whether they changed something, and stay inside", () => {
  const field = new Bitfield(10);
  assert.equal(field.set(9), true);
  assert.equal(field.set(9), false);
  assert.equal(field.clear(9), true);
  assert.equal(field.clear(9), false);
  for (const index of [-1, 10, 15, Number.NaN]) {
    assert.throws(() => field.set(index), RangeError);
    assert.throws(() => field.clear(index), RangeError);
    assert.equal(field.get(index), false);
  }
  field.setAll();
  assert.equal(field.count, 10);
  assert.deepEqual(field.toWire(), Uint8Array.of(0xff, 0xc0));
  field.clearAll();
  assert.equal(field.isEmpty, true);
});

test("hasAnyNotIn", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 40 }), (pairs) => {
      const mine = filled(pairs.map(([a]) => a));
      const theirs = filled(pairs.map(([, b]) => b));
      assert.equal(
        mine.hasAnyNotIn(theirs),
        pairs.some(([a, b]) => a && !b),
      );
    }),
  );
});

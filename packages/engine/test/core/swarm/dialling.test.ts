import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DialBudget } from "../../../dist/core/swarm/dial-budget.js";
import { keepsConnection } from "../../../dist/core/swarm/tie-break.js";

test("30 dials a second, and a burst of 30", () => {
  const budget = new DialBudget({ maxHalfOpen: 1_000 });
  let dials = 0;
  for (let now = 0; now < 10_000; now += 10) while (budget.tryDial(now)) dials++;
  assert.ok(dials >= 328 && dials <= 330, `${dials}`);
  while (budget.tryDial(10_000)) dials++;
  const next = budget.nextDeadline(10_000);
  assert.ok(next > 10_000 && next <= 10_034, `${next}`);
  assert.equal(budget.tryDial(next), true);
});

test("at most 100 half open; those that are never settled are given up", () => {
  const budget = new DialBudget({ perSecond: 1_000 });
  for (let i = 0; i < 100; i++) assert.equal(budget.tryDial(i), true);
  assert.equal(budget.tryDial(200), false);
  assert.equal(budget.nextDeadline(200), 20_000);
  budget.onSettled();
  assert.equal(budget.halfOpen, 99);
  assert.equal(budget.tryDial(200), true);
  assert.equal(budget.tryDial(20_000), false);
  assert.equal(budget.tryDial(20_001), true);
});

const idArb = fc.uint8Array({ minLength: 20, maxLength: 20 });

test("of two connections exactly one survives, the same on both sides", () => {
  fc.assert(
    fc.property(idArb, idArb, fc.boolean(), fc.boolean(), (a, b, firstByA, secondByA) => {
      fc.pre(Buffer.compare(a, b) !== 0);
      // Both see the second connection as the new one.
      const atA = keepsConnection(a, b, secondByA, firstByA);
      const atB = keepsConnection(b, a, !secondByA, !firstByA);
      assert.equal(atA, atB);
      // Opened at the same moment by both, each may take the other's for the new one.
      if (firstByA !== secondByA) assert.equal(keepsConnection(b, a, !firstByA, !secondByA), !atA);
      else assert.equal(atA, false);
    }),
  );
});

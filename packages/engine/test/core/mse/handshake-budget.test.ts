import assert from "node:assert/strict";
import { test } from "node:test";
import { HandshakeBudget } from "../../../dist/core/mse/handshake-budget.js";

/** Of `count` attempts at one moment, how many are let in. */
function admitted(budget: HandshakeBudget, hosts: (n: number) => string, count: number, now: number): number {
  let admitted = 0;
  for (let n = 0; n < count; n++) if (budget.tryHandshake(hosts(n), 1, now)) admitted++;
  return admitted;
}

test("one address gets 30 handshakes at once and 2 a second, whatever its port", () => {
  const budget = new HandshakeBudget();
  assert.equal(
    admitted(budget, () => "198.51.100.1", 100, 0),
    30,
  );
  assert.equal(
    admitted(budget, () => "198.51.100.1", 100, 5_000),
    10,
  );
  assert.equal(
    admitted(budget, () => "198.51.100.2", 1, 5_000),
    1,
  );
});

test("a whole /64 of IPv6 is one address", () => {
  const budget = new HandshakeBudget();
  assert.equal(
    admitted(budget, (n) => `2001:db8::${n.toString(16)}`, 100, 0),
    30,
  );
});

test("all addresses together get 200 at once and 100 a second", () => {
  const budget = new HandshakeBudget();
  const many = (n: number): string => `198.51.${n >> 8}.${n & 255}`;
  assert.equal(admitted(budget, many, 5_000, 0), 200);
  assert.equal(admitted(budget, many, 5_000, 1_000), 100);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DialFate, DialFates } from "../../dist/core/swarm/dial-fates.js";

const FATES: readonly DialFate[] = ["silent", "refused", "hung-up", "plain-only", "forbidden"];

test("DialFates counts the last fate of each address", () => {
  const step = fc.tuple(fc.nat(9), fc.option(fc.constantFrom(...FATES), { nil: null }));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const fates = new DialFates();
      const model = new Map<string, DialFate>();
      for (const [at, fate] of steps) {
        const key = `10.0.0.${at}:1`;
        if (fate === null) {
          fates.delete(key);
          model.delete(key);
        } else {
          fates.set(key, fate);
          model.set(key, fate);
        }
      }
      for (const fate of FATES)
        assert.equal(fates.count(fate), [...model.values()].filter((one) => one === fate).length);
      fates.clear();
      for (const fate of FATES) assert.equal(fates.count(fate), 0);
    }),
  );
});

test("DialFates counts a bounded number of addresses", () => {
  const fates = new DialFates();
  for (let i = 0; i < 5_000; i++) fates.set(`host${i}:1`, "silent");
  assert.equal(fates.count("silent"), 1_000);
});

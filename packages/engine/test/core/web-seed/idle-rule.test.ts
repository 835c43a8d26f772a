import assert from "node:assert/strict";
import { test } from "node:test";
import { IdleRule } from "../../../dist/core/web-seed/idle-rule.js";

/** Plays a second in quarters; `rate` and `best` in bytes per second. */
function play(rule: IdleRule, from: number, seconds: number, rate: number, best: number): number[] {
  const changes: number[] = [];
  for (let ms = 250; ms <= seconds * 1000; ms += 250) {
    const before = rule.isIdle;
    rule.onTick((rate * (from + ms)) / 1000, best, from + ms);
    if (rule.isIdle !== before) changes.push(ms);
  }
  return changes;
}

test("a server is left out after half a minute of a peer ten times as fast, not before and not of one less fast", () => {
  assert.deepEqual(play(new IdleRule(), 0, 100, 1_000, 9_900), []);
  assert.deepEqual(play(new IdleRule(), 0, 100, 1_000, 0), []);
  assert.deepEqual(play(new IdleRule(), 0, 100, 0, 0), []);
  assert.deepEqual(play(new IdleRule(), 0, 60, 1_000, 10_000), [30_250]);
  // One that delivers nothing at all is no loss.
  assert.deepEqual(play(new IdleRule(), 0, 60, 0, 1), [30_250]);
});

test("it is asked again three seconds after the peer has gone or become slow", () => {
  const rule = new IdleRule();
  play(rule, 0, 40, 1_000, 20_000);
  assert.ok(rule.isIdle);
  assert.deepEqual(play(rule, 40_000, 20, 0, 20_000), []);
  const [at] = play(rule, 60_000, 20, 0, 0);
  assert.ok(at! <= 6_250, `${at} ms`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { WebSeedHealth } from "../../../dist/core/web-seed/web-seed-health.js";

const HOUR = 3_600_000;

test("pauses double from ten seconds to an hour, and begin anew once it has delivered", () => {
  const health = new WebSeedHealth(new Xoshiro128(1));
  const pauses: number[] = [];
  let now = 0;
  for (let i = 0; i < 12; i++) {
    assert.ok(health.mayAsk(now));
    health.onFailed("it is down", null, now);
    assert.ok(!health.mayAsk(now));
    pauses.push(health.retryAt - now);
    now = health.retryAt;
  }
  assert.ok(pauses[0]! >= 10_000 && pauses[0]! <= 12_500);
  assert.ok(pauses[3]! >= 80_000 && pauses[3]! <= 100_000);
  assert.ok(pauses.every((pause) => pause <= 1.25 * HOUR));
  assert.equal(health.lastError, "it is down");
  health.onDelivered();
  assert.equal(health.lastError, null);
  health.onFailed("again", null, now);
  assert.ok(health.retryAt - now <= 12_500);
});

test("a wish for a longer pause is granted, up to a day", () => {
  const health = new WebSeedHealth(new Xoshiro128(1));
  health.onFailed("busy", 2 * HOUR, 0);
  assert.equal(health.retryAt, 2 * HOUR);
  health.onFailed("busy", 1e12, 0);
  assert.equal(health.retryAt, 24 * HOUR);
});

test("who was banned is never asked again", () => {
  const health = new WebSeedHealth(new Xoshiro128(1));
  health.onBanned("sent wrong data");
  assert.equal(health.retryAt, Infinity);
  assert.ok(!health.mayAsk(1e15));
});

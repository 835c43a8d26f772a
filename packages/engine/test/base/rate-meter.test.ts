import assert from "node:assert/strict";
import { test } from "node:test";
import { RateMeter } from "../../dist/base/rate-meter.js";

test("a steady flow is measured exactly", () => {
  const meter = new RateMeter(1_000);
  for (let now = 0; now < 5_000; now += 10) meter.add(100, now);
  assert.ok(Math.abs(meter.rate(5_000) - 10_000) < 100, `${meter.rate(5_000)}`);
  assert.equal(meter.total, 50_000);
});

test("the rate falls to zero after the window", () => {
  const meter = new RateMeter(1_600);
  meter.add(16_000, 1_000);
  assert.ok(meter.rate(1_500) > 0);
  assert.ok(meter.rate(2_400) < meter.rate(1_500) || meter.rate(2_400) > 0);
  assert.equal(meter.rate(2_700), 0);
  assert.equal(meter.total, 16_000);
});

test("after a pause a burst is measured over the burst", () => {
  const meter = new RateMeter(1_600);
  meter.add(1_000, 0);
  for (let now = 60_000; now < 60_400; now += 10) meter.add(1_000, now);
  assert.ok(Math.abs(meter.rate(60_400) - 100_000) < 5_000, `${meter.rate(60_400)}`);
});

test("a single sample is spread over at least one slot", () => {
  const meter = new RateMeter(1_600);
  meter.add(1_000, 5_000);
  assert.equal(meter.rate(5_000), 10_000);
});

test("a clock that goes back does no harm, and reset forgets the window only", () => {
  const meter = new RateMeter(1_000);
  meter.add(500, 10_000);
  meter.add(500, 9_000);
  assert.ok(meter.rate(10_000) > 0);
  meter.reset();
  assert.equal(meter.rate(10_000), 0);
  assert.equal(meter.total, 1_000);
});

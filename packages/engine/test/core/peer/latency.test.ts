import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyMeter } from "../../../dist/core/peer/latency.js";

test("95 of 100 samples are below the percentile", () => {
  const meter = new LatencyMeter();
  assert.equal(meter.p95, 0);
  assert.equal(meter.hasSamples, false);
  for (let i = 0; i < 95; i++) meter.add(100);
  for (let i = 0; i < 5; i++) meter.add(10_000);
  assert.ok(meter.p95 >= 100 && meter.p95 < 120, `${meter.p95}`);
  for (let i = 0; i < 2; i++) meter.add(10_000);
  assert.ok(meter.p95 >= 10_000 && meter.p95 < 12_000, `${meter.p95}`);
});

test("old samples fade", () => {
  const meter = new LatencyMeter();
  for (let i = 0; i < 1_000; i++) meter.add(5_000);
  for (let i = 0; i < 5_000; i++) meter.add(10);
  assert.ok(meter.p95 < 12, `${meter.p95}`);
});

test("the minimum is that of the whole connection", () => {
  const meter = new LatencyMeter();
  assert.equal(meter.min, 0);
  for (const value of [50, 20, 60]) meter.add(value);
  assert.equal(meter.min, 20);
});

test("extreme values are bounded", () => {
  const meter = new LatencyMeter();
  for (const value of [0, -5, 0.01]) meter.add(value);
  assert.equal(meter.p95, 1);
  assert.equal(meter.min, 0);
  for (let i = 0; i < 100; i++) meter.add(1e9);
  assert.ok(meter.p95 < 70_000);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBucket } from "../../dist/base/token-bucket.js";

test("starts full, refills at its rate and not above the burst", () => {
  const bucket = new TokenBucket(10, 5, 0);
  for (let i = 0; i < 5; i++) assert.equal(bucket.take(1, 0), true);
  assert.equal(bucket.take(1, 0), false);
  assert.equal(bucket.take(1, 99), false);
  assert.equal(bucket.take(1, 100), true);
  assert.equal(bucket.available(60_000), 5);
});

test("debt is paid off first", () => {
  const bucket = new TokenBucket(1_000, 100, 0);
  bucket.spend(600, 0);
  assert.equal(bucket.available(0), -500);
  assert.equal(bucket.readyAt(1, 0), 501);
  assert.equal(bucket.take(1, 500), false);
  assert.equal(bucket.take(1, 501), true);
});

test("says when it will be ready", () => {
  const bucket = new TokenBucket(100, 10, 0);
  assert.equal(bucket.readyAt(10, 0), 0);
  bucket.take(10, 0);
  assert.equal(bucket.readyAt(5, 0), 50);
  assert.equal(bucket.readyAt(11, 0), Infinity);
  assert.equal(new TokenBucket(0, 0, 0).readyAt(1, 0), Infinity);
});

test("a clock that goes back brings nothing, and no limit is no limit", () => {
  const bucket = new TokenBucket(1_000, 10, 1_000);
  bucket.take(10, 1_000);
  assert.equal(bucket.available(0), 0);
  assert.equal(bucket.available(1_001), 1);
  assert.equal(new TokenBucket(Infinity, Infinity, 0).take(1e12, 0), true);
});

test("a lower rate takes tokens above the new burst away", () => {
  const bucket = new TokenBucket(100, 100, 0);
  bucket.setRate(10, 20, 0);
  assert.equal(bucket.available(0), 20);
  bucket.take(20, 0);
  assert.equal(bucket.available(1_000), 10);
});

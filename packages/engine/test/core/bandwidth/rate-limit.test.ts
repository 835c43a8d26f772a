import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimit } from "../../../dist/core/bandwidth/rate-limit.js";

const BLOCK = 16_384;

test("RateLimit without a rate gives everything at once", () => {
  const limit = new RateLimit(new RateLimit());
  assert.equal(limit.isLimited, false);
  limit.spend(1e9, 0);
  assert.equal(limit.available(0), Infinity);
  assert.equal(limit.readyAt(BLOCK, 0), 0);
});

test("RateLimit begins with nothing, and saves up no more than 200 ms or one block", () => {
  const fast = new RateLimit();
  fast.setRate(1_000_000, 0);
  assert.equal(fast.available(0), 0);
  assert.equal(fast.available(60_000), 200_000);
  const slow = new RateLimit();
  slow.setRate(1_000, 0);
  assert.equal(slow.available(60_000), BLOCK);
});

test("RateLimit spends above, too, and gives what both have", () => {
  const session = new RateLimit();
  const torrent = new RateLimit(session);
  session.setRate(100_000, 0);
  torrent.setRate(1_000_000, 0);
  assert.equal(torrent.lowestRate, 100_000);
  assert.equal(torrent.available(100), 10_000);
  torrent.spend(30_000, 100);
  assert.equal(session.available(100), -20_000);
  // The debt of 20,000 and the block, at 100,000 a second.
  assert.equal(Math.round(torrent.readyAt(BLOCK, 100)), 100 + 364);
  torrent.setParent(null);
  assert.equal(torrent.available(100), 70_000);
});

test("RateLimit gives back no more than can be saved up", () => {
  const limit = new RateLimit();
  limit.setRate(1_000_000, 0);
  limit.spend(-5_000_000, 0);
  assert.equal(limit.available(0), 200_000);
});

test("a lower rate leaves a debt, and no rate forgives it", () => {
  const limit = new RateLimit();
  limit.setRate(1_000_000, 0);
  limit.spend(50_000, 0);
  limit.setRate(10_000, 0);
  assert.equal(limit.available(0), -50_000);
  assert.equal(limit.readyAt(1, 0), 5_000.1);
  limit.setRate(null, 0);
  assert.equal(limit.available(0), Infinity);
});

test("more than the burst is ready when the burst is", () => {
  const limit = new RateLimit();
  limit.setRate(1_000_000, 0);
  assert.equal(Math.round(limit.readyAt(10_000_000, 0)), 200);
});

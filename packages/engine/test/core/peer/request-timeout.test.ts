import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyMeter } from "../../../dist/core/peer/latency.js";
import { RequestQueue } from "../../../dist/core/peer/request-queue.js";
import { RequestTimeout } from "../../../dist/core/peer/request-timeout.js";

function rig(): {
  timeout: RequestTimeout;
  queue: RequestQueue;
  latency: LatencyMeter;
  expire: (now: number) => { silent: boolean; blocks: number[] };
} {
  const timeout = new RequestTimeout();
  const queue = new RequestQueue(20);
  const latency = new LatencyMeter();
  const expire = (now: number): { silent: boolean; blocks: number[] } => {
    const blocks: number[] = [];
    const silent = timeout.expire(queue, latency, now, (_piece, block) => blocks.push(block));
    return { silent, blocks };
  };
  return { timeout, queue, latency, expire };
}

test("nothing times out when nothing is outstanding; being unchoked starts the clock anew", () => {
  const { timeout, queue, latency } = rig();
  assert.equal(timeout.deadline(queue, latency), Infinity);
  queue.add(0, 0, 0);
  timeout.onUnchoke(1_000);
  assert.equal(timeout.deadline(queue, latency), 21_000);
  timeout.onUnchoke(2_000);
  assert.equal(timeout.deadline(queue, latency), 22_000);
  queue.remove(0, 0);
  assert.equal(timeout.deadline(queue, latency), Infinity);
});

test("a choking peer that answers neither with blocks nor with rejects loses its requests after a minute", () => {
  const { timeout, queue, latency, expire } = rig();
  queue.add(0, 0, 0);
  queue.add(0, 1, 30_000);
  assert.equal(timeout.deadline(queue, latency), 60_000);
  assert.deepEqual(expire(59_999), { silent: false, blocks: [] });
  assert.deepEqual(expire(60_000), { silent: true, blocks: [0] });
  timeout.onUnchoke(70_000);
  timeout.onChoke();
  assert.deepEqual(expire(90_000), { silent: true, blocks: [1] });
});

test("a silent peer loses what is overdue, and only that", () => {
  const { timeout, queue, expire } = rig();
  timeout.onUnchoke(0);
  queue.add(0, 0, 0);
  queue.add(0, 1, 10);
  queue.add(0, 2, 15_000);
  assert.deepEqual(expire(19_999), { silent: false, blocks: [] });
  assert.deepEqual(expire(20_010), { silent: true, blocks: [0, 1] });
  assert.deepEqual(expire(34_999), { silent: false, blocks: [] });
  assert.deepEqual(expire(35_000), { silent: true, blocks: [2] });
});

test("the patience follows the peer's own latency, from 5 to 60 seconds", () => {
  const { timeout, latency } = rig();
  for (let i = 0; i < 50; i++) latency.add(10);
  assert.equal(timeout.timeoutMs(latency), 5_000);
  for (let i = 0; i < 5_000; i++) latency.add(4_000);
  assert.ok(timeout.timeoutMs(latency) >= 16_000 && timeout.timeoutMs(latency) < 20_000);
  for (let i = 0; i < 5_000; i++) latency.add(40_000);
  assert.equal(timeout.timeoutMs(latency), 60_000);
});

test("a slow peer that delivers is not silent", () => {
  const { timeout, queue, expire } = rig();
  timeout.onUnchoke(0);
  for (let i = 0; i < 10; i++) queue.add(0, i, 0);
  for (let i = 0; i < 5; i++) {
    const now = (i + 1) * 11_000;
    assert.deepEqual(expire(now), { silent: false, blocks: [] });
    queue.remove(0, i);
    timeout.onBlock(now);
  }
});

test("a request that was passed over goes after a minute, without blame", () => {
  const { timeout, queue, expire } = rig();
  timeout.onUnchoke(0);
  queue.add(0, 0, 0);
  for (let now = 1_000; now <= 59_000; now += 1_000) {
    queue.add(1, 1, now);
    queue.remove(1, 1);
    timeout.onBlock(now);
    assert.deepEqual(expire(now), { silent: false, blocks: [] });
  }
  assert.deepEqual(expire(60_000), { silent: false, blocks: [0] });
});

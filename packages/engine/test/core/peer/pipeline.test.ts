import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestPipeline } from "../../../dist/core/peer/pipeline.js";

const BLOCK = 16_384;

interface Link {
  /** Bytes per second that the peer can send. */
  readonly rate: number;
  /** Milliseconds from a request to the earliest arrival of its block. */
  readonly rtt: number;
}

/** A peer that answers in order over a link; returns targets over time and how much of the link was used at the end. */
function run(
  pipeline: RequestPipeline,
  link: Link,
  fromMs: number,
  toMs: number,
): { targets: number[]; used: number } {
  const perBlock = (BLOCK / link.rate) * 1_000;
  const targets: number[] = [];
  const sent: number[] = [];
  let now = fromMs;
  let linkFree = fromMs;
  let bytes = 0;
  const half = (fromMs + toMs) / 2;
  const refill = (): void => {
    for (let i = pipeline.refill(sent.length); i > 0; i--) sent.push(now);
  };
  refill();
  while (now < toMs) {
    const requestedAt = sent.shift()!;
    linkFree = Math.max(linkFree, requestedAt + link.rtt) + perBlock;
    now = linkFree;
    pipeline.onBlock(BLOCK, now, now - requestedAt);
    if (now > half) bytes += BLOCK;
    targets.push(pipeline.target);
    refill();
  }
  return { targets, used: bytes / (((now - half) / 1_000) * link.rate) };
}

test("begins with 16 and passes 500 within a few round trips on a fast link", () => {
  const pipeline = new RequestPipeline();
  pipeline.setReqq(2_000);
  assert.equal(pipeline.target, 16);
  assert.equal(pipeline.refill(0), 16);
  const { targets } = run(pipeline, { rate: 700 * 1024 * 1024, rtt: 0.2 }, 0, 500);
  // Six doublings: 16 + 32 + … + 512 blocks at the most.
  assert.ok(targets.findIndex((target) => target >= 500) < 1_008);
  assert.equal(targets.at(-1), 2_000);
});

test("fills a long fat link", () => {
  const pipeline = new RequestPipeline();
  pipeline.setReqq(2_000);
  const { used } = run(pipeline, { rate: 125_000_000, rtt: 100 }, 0, 10_000);
  assert.ok(used > 0.98, `${used}`);
});

test("comes down to two seconds' worth on a slow link and still fills it", () => {
  const pipeline = new RequestPipeline();
  pipeline.setReqq(500);
  const { targets, used } = run(pipeline, { rate: 50_000, rtt: 200 }, 0, 60_000);
  const last = targets.at(-1)!;
  assert.ok(last >= 4 && last <= 14, `${last}`);
  assert.ok(used > 0.95, `${used}`);
});

test("follows a link that gets slower, and one that gets faster again", () => {
  const pipeline = new RequestPipeline();
  pipeline.setReqq(2_000);
  run(pipeline, { rate: 10_000_000, rtt: 30 }, 0, 5_000);
  const fast = pipeline.target;
  run(pipeline, { rate: 200_000, rtt: 30 }, 5_000, 40_000);
  const slow = pipeline.target;
  assert.ok(slow < fast / 5, `${fast} then ${slow}`);
  const { used } = run(pipeline, { rate: 10_000_000, rtt: 30 }, 40_000, 50_000);
  assert.ok(used > 0.95, `${used}`);
});

test("never above what the peer accepts or the budget allows", () => {
  const pipeline = new RequestPipeline();
  assert.equal(pipeline.target, 16);
  run(pipeline, { rate: 500_000_000, rtt: 1 }, 0, 1_000);
  assert.equal(pipeline.target, 250);
  pipeline.setReqq(2_000);
  pipeline.setBudget(100);
  assert.equal(pipeline.target, 100);
  pipeline.setReqq(5);
  assert.equal(pipeline.target, 5);
  pipeline.setReqq(0);
  assert.equal(pipeline.target, 1);
});

test("refills in one batch, below three quarters of the target", () => {
  const pipeline = new RequestPipeline();
  assert.equal(pipeline.refill(16), 0);
  assert.equal(pipeline.refill(12), 0);
  assert.equal(pipeline.refill(11), 5);
});

test("after a timeout one request at a time, until a block arrives", () => {
  const pipeline = new RequestPipeline();
  pipeline.onTimeout();
  assert.equal(pipeline.isSnubbed, true);
  assert.equal(pipeline.refill(0), 1);
  assert.equal(pipeline.refill(1), 0);
  pipeline.onBlock(BLOCK, 1_000, null);
  assert.equal(pipeline.isSnubbed, false);
  assert.equal(pipeline.target, 9);
});

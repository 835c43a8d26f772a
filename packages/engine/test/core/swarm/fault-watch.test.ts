import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FailureRounds } from "../../../dist/core/swarm/failure-rounds.js";
import { FaultWatch } from "../../../dist/core/swarm/fault-watch.js";

const MINUTE = 60_000;

function right(watch: FaultWatch, peers: number, pieces: number, now = 0): void {
  for (let peer = 0; peer < peers; peer++)
    for (let n = 0; n < pieces; n++) watch.onVerified(`honest ${peer}`, now);
}

test("nothing has happened: too early to blame anybody; after the first success: sound", () => {
  const watch = new FaultWatch();
  assert.equal(watch.judge(0), "undecided");
  watch.onFailed(["a"], 0);
  assert.equal(watch.judge(0), "undecided");
  watch.onVerified("b", 0);
  assert.equal(watch.judge(0), "sound");
});

test("three peers with nothing in common fail and nothing is right: a fault of ours", () => {
  const watch = new FaultWatch();
  watch.onFailed(["a"], 0);
  watch.onFailed(["b"], 1);
  watch.onFailed(["a", "c"], 2);
  assert.equal(watch.judge(2), "undecided");
  watch.onFailed(["c"], 3);
  assert.equal(watch.judge(3), "faulty");
  // It is forgotten when it does not go on.
  assert.equal(watch.judge(11 * MINUTE), "undecided");
});

test("a fault that hits one block in a hundred of everybody is ours, liars beside honest peers are not", () => {
  const faulty = new FaultWatch();
  const liars = new FaultWatch();
  let failures = 0;
  for (let n = 0; n < 400; n++) {
    const peer = n % 8;
    // Every seventh piece of whoever it is.
    if (n % 7 === 3) faulty.onFailed([`${peer}`], n);
    else faulty.onVerified(`${peer}`, n);
    // Every second piece of three of eight.
    if (peer < 3 && n % 16 < 8) {
      liars.onFailed([`${peer}`], n);
      failures++;
    } else liars.onVerified(`${peer}`, n);
    if (n > 40) assert.equal(faulty.judge(n), "faulty");
    if (failures > 3) assert.equal(liars.judge(n), "sound", `after ${n} pieces`);
  }
});

test("three strangers that only lie don't hide behind each other for long", () => {
  const watch = new FaultWatch();
  for (const liar of ["a", "b", "c"]) watch.onFailed([liar], 0);
  assert.equal(watch.judge(0), "faulty");
  right(watch, 1, 6);
  assert.equal(watch.judge(0), "sound");
});

test("data that reads differently twice is our fault whoever sent it, for ten minutes", () => {
  const watch = new FaultWatch();
  right(watch, 8, 100);
  watch.onUnstable(0);
  assert.equal(watch.judge(9 * MINUTE), "faulty");
  right(watch, 1, 1, 9 * MINUTE);
  assert.equal(watch.judge(10 * MINUTE), "sound");
});

test("failures that all have one peer in common are never ours", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 4 }), { maxLength: 50 }),
      (all) => {
        const watch = new FaultWatch();
        for (const [at, others] of all.entries()) {
          watch.onFailed(["liar", ...others.map(String)], at);
          assert.notEqual(watch.judge(at), "faulty");
        }
      },
    ),
  );
});

test("FailureRounds: pauses grow from round to round, and the end comes after five minutes without any success", () => {
  const rounds = new FailureRounds();
  const pauses: number[] = [];
  let now = 0;
  while (!rounds.isOver) {
    const until = rounds.onFailed(now);
    // What else fails in the same round changes nothing.
    if (!rounds.isOver) assert.equal(rounds.onFailed(until - 1), until);
    pauses.push(until - now);
    now = until;
  }
  assert.deepEqual(pauses.slice(0, 6), [5_000, 10_000, 20_000, 40_000, 80_000, 160_000]);
  assert.equal(pauses.length, 7);
  rounds.onVerified();
  assert.equal(rounds.isOver, false);
  assert.equal(rounds.onFailed(now + 500_000), now + 505_000);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ShoalError } from "../../dist/base/errors.js";
import type { Clock } from "../../dist/ports/clock.js";
import { HostQueue, type QueueLimits, type Urgency } from "../../dist/session/host-queue.js";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A queue whose requests end when they are told to; `begun` has their names in the order in which they began. */
function setUp(limits: QueueLimits) {
  let now = 0;
  const clock: Clock = { now: () => now, wallTime: () => now, setTimer: () => ({ cancel() {} }) };
  const queue = new HostQueue(clock, limits);
  const begun: string[] = [];
  const ends = new Map<string, (outcome: "answer" | "silence") => void>();
  const outcomes: string[] = [];
  const ask = (host: string, name: string, how: { urgency?: Urgency; signal?: AbortSignal } = {}): void => {
    const turn = {
      host,
      urgency: how.urgency ?? "routine",
      signal: how.signal ?? new AbortController().signal,
    };
    const request = (): Promise<void> =>
      new Promise((resolve, reject) => {
        begun.push(name);
        ends.set(name, (outcome) => {
          if (outcome === "answer") resolve();
          else reject(new ShoalError("ERR_HTTP", `no answer to ${name}`));
        });
      });
    queue.run(turn, request).then(
      () => outcomes.push(`${name} ok`),
      (error: Error) => outcomes.push(`${name}: ${error.message}`),
    );
  };
  const end = async (name: string, outcome: "answer" | "silence" = "answer"): Promise<void> => {
    ends.get(name)!(outcome);
    await settle();
  };
  return { ask, end, begun, outcomes, wait: (ms: number) => (now += ms) };
}

test("HostQueue: so many at a time for a host, the others in order; those that are urgent first, and besides", async () => {
  const { ask, end, begun } = setUp({ perHost: 2, total: 100 });
  for (const name of ["a1", "a2", "a3", "a4"]) ask("a", name);
  await settle();
  assert.deepEqual(begun, ["a1", "a2"]);
  ask("a", "u1", { urgency: "awaited" });
  ask("a", "u2", { urgency: "awaited" });
  ask("a", "u3", { urgency: "awaited" });
  await settle();
  assert.deepEqual(begun.slice(2), ["u1", "u2"], "twice as many for somebody who waits");
  await end("a1");
  assert.deepEqual(begun.slice(4), ["u3"]);
  for (const name of ["a2", "u1", "u2"]) await end(name);
  assert.deepEqual(begun.slice(5), ["a3"], "three urgent ones under way leave one place of four");
  await end("u3");
  assert.deepEqual(begun.slice(6), ["a4"]);
});

test("HostQueue: what a user asks for waits for no crowd", async () => {
  const { ask, end, begun } = setUp({ perHost: 2, total: 100 });
  for (let i = 0; i < 5_000; i++) ask("a", `fresh${i}`, { urgency: "awaited" });
  await settle();
  assert.equal(begun.length, 4);
  ask("a", "user1", { urgency: "asked" });
  ask("a", "user2", { urgency: "asked" });
  ask("a", "user3", { urgency: "asked" });
  await settle();
  assert.deepEqual(begun.slice(4), ["user1", "user2"]);
  await end("fresh0");
  assert.deepEqual(begun.slice(6), ["user3"]);
});

test("HostQueue: a host with ten thousand in line keeps nobody from another", async () => {
  const { ask, end, begun } = setUp({ perHost: 4, total: 8 });
  for (let i = 0; i < 10_000; i++) ask("big", `big${i}`);
  ask("small", "small");
  await settle();
  assert.deepEqual(begun, ["big0", "big1", "big2", "big3"], "unknown hosts share half of all places");
  await end("big0");
  assert.deepEqual(begun.slice(4).toSorted(), ["big4", "small"]);
});

test("HostQueue: hosts that never answered leave half of the places to those that did", async () => {
  const { ask, end, begun } = setUp({ perHost: 2, total: 8 });
  ask("good", "first");
  await settle();
  await end("first");
  for (let i = 0; i < 20; i++) ask(`slow${i}`, `slow${i}`);
  ask("good", "second");
  await settle();
  assert.deepEqual(begun.slice(1), ["slow0", "slow1", "slow2", "slow3", "second"]);
});

test("HostQueue: a dead host is left alone for pauses that grow, and what waits for it fails with it", async () => {
  const { ask, end, begun, outcomes, wait } = setUp({ perHost: 2, total: 100 });
  for (const name of ["1", "2", "3", "4", "5", "6"]) ask("dead", name);
  await settle();
  wait(1);
  await end("1", "silence");
  await end("2", "silence");
  assert.deepEqual(begun, ["1", "2", "3"], "both count once, and from now on one at a time");
  wait(1);
  await end("3", "silence");
  wait(1);
  await end("4", "silence");
  const because = "no answer to 4";
  assert.deepEqual(outcomes.slice(3), ["4: no answer to 4", `5: ${because}`, `6: ${because}`].toSorted());
  wait(29_999);
  ask("dead", "7");
  await settle();
  assert.deepEqual([begun.length, outcomes.at(-1)], [4, `7: ${because}`], "nothing is sent");
  ask("dead", "8", { urgency: "awaited" });
  ask("dead", "also", { urgency: "awaited" });
  await settle();
  assert.equal(begun.at(-1), "8", "for somebody who waits it is tried");
  assert.equal(outcomes.at(-1), `also: ${because}`, "but once at a time");
  wait(1);
  await end("8", "silence");
  wait(59_999);
  ask("dead", "9");
  await settle();
  assert.equal(begun.at(-1), "8", "the pause doubles");
  wait(1);
  ask("dead", "10");
  ask("dead", "11");
  await settle();
  assert.equal(begun.at(-1), "10");
  await end("10");
  assert.deepEqual(begun.slice(-1), ["11"], "it answers again");
});

test("HostQueue: who is not waited for any more leaves the line; that says nothing about the host", async () => {
  const { ask, end, begun, outcomes } = setUp({ perHost: 1, total: 100 });
  const leaving = new AbortController();
  ask("a", "1");
  ask("a", "2", { signal: leaving.signal });
  ask("a", "3");
  await settle();
  leaving.abort();
  await settle();
  assert.deepEqual(outcomes, ["2: The request was cancelled"]);
  await end("1");
  assert.deepEqual(begun, ["1", "3"]);
});

test("HostQueue: ten thousand hosts in line take no time that grows with their square", async () => {
  const { ask, end, begun, wait } = setUp({ perHost: 6, total: 96 });
  const cpu = process.cpuUsage();
  for (let i = 0; i < 10_000; i++) ask(`h${i}`, `h${i}`, { urgency: i % 2 === 0 ? "awaited" : "routine" });
  await settle();
  assert.equal(begun.length, 102, "those that are urgent have some places besides");
  for (let i = 0; i < begun.length; i++) {
    wait(1_000);
    const ended = end(begun[i]!, "silence");
    if (i % 50 === 49 || i === begun.length - 1) await ended;
  }
  assert.equal(begun.length, 10_000);
  const { user } = process.cpuUsage(cpu);
  assert.ok(user < 5_000_000, `${user / 1_000} ms`);
});

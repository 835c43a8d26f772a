import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decideQueue, moveInQueue, type QueueFacts, type QueueMove } from "../../dist/core/queue.js";

const UNLIMITED = { download: Infinity, seed: Infinity };

function facts(more: Partial<QueueFacts> = {}): QueueFacts {
  return { kind: "download", running: false, idle: false, forced: false, ...more };
}

function decide(limit: number, ...all: Partial<QueueFacts>[]): { start: number[]; hold: number[] } {
  return decideQueue(
    all.map((one, at) => [at, facts(one)] as const),
    { ...UNLIMITED, download: limit },
  );
}

describe("decideQueue", () => {
  test("starts the first ones, up to the limit", () => {
    assert.deepEqual(decide(2, {}, {}, {}), { start: [0, 1], hold: [] });
    assert.deepEqual(decide(Infinity, {}, {}, {}), { start: [0, 1, 2], hold: [] });
  });

  test("holds the last of those that run, where an earlier one wants its place", () => {
    assert.deepEqual(decide(1, {}, { running: true }), { start: [0], hold: [1] });
  });

  test("what moves nothing takes no place, and is not held for it", () => {
    assert.deepEqual(decide(1, { running: true, idle: true }, {}, {}), { start: [1], hold: [] });
    const idlers = Array.from({ length: 101 }, () => ({ running: true, idle: true }));
    assert.deepEqual(decide(1, ...idlers, {}).start, [], "so many may idle, the next one takes the place");
  });

  test("what is forced runs and takes no place", () => {
    assert.deepEqual(decide(1, {}, { forced: true }, {}), { start: [0, 1], hold: [] });
    assert.deepEqual(decide(0, { forced: true, running: true }), { start: [], hold: [] });
  });

  test("what is shared has a limit of its own", () => {
    assert.deepEqual(decide(0, { kind: "seed" }, {}), { start: [0], hold: [] });
  });

  test("never more than the limit count, whatever there is", () => {
    const one = fc.record({
      kind: fc.constantFrom("download" as const, "seed" as const),
      running: fc.boolean(),
      idle: fc.boolean(),
      forced: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(one), fc.nat(4), (all, limit) => {
        const { start, hold } = decideQueue(
          all.map((each, at) => [at, each] as const),
          { download: limit, seed: limit },
        );
        const runs = all.filter(({ running }, at) => (running && !hold.includes(at)) || start.includes(at));
        for (const kind of ["download", "seed"]) {
          const counted = runs.filter(
            (each) => each.kind === kind && !each.forced && !(each.running && each.idle),
          );
          assert.ok(counted.length <= limit);
        }
        assert.ok(all.every(({ forced }, at) => !forced || !hold.includes(at)));
      }),
    );
  });
});

describe("moveInQueue", () => {
  const names = ["a", "b", "c", "d"];

  function moved(chosen: string, move: QueueMove): string {
    const all = names.map((name, at) => ({ name, rank: at * 10 }));
    const ranks = moveInQueue(all, new Set(all.filter(({ name }) => chosen.includes(name))), move);
    for (const [one, rank] of ranks) one.rank = rank;
    assert.equal(new Set(all.map(({ rank }) => rank)).size, all.length);
    return all
      .sort((x, y) => x.rank - y.rank)
      .map(({ name }) => name)
      .join("");
  }

  test("moves one by one place or to an end", () => {
    assert.equal(moved("c", "up"), "acbd");
    assert.equal(moved("c", "down"), "abdc");
    assert.equal(moved("c", "top"), "cabd");
    assert.equal(moved("a", "bottom"), "bcda");
    assert.equal(moved("a", "up"), "abcd");
    assert.equal(moved("d", "down"), "abcd");
    assert.equal(moved("a", 2), "bcad");
    assert.equal(moved("d", 0), "dabc");
    assert.equal(moved("b", 99), "acdb");
  });

  test("several keep their order among themselves", () => {
    assert.equal(moved("bd", "top"), "bdac");
    assert.equal(moved("ac", "bottom"), "bdac");
    assert.equal(moved("cd", "up"), "acdb");
    assert.equal(moved("ab", "up"), "abcd");
    assert.equal(moved("ab", "down"), "cabd");
    assert.equal(moved("ac", "up"), "acbd");
  });

  test("gives new ranks to those alone that change places", () => {
    const all = Array.from({ length: 10_000 }, (_, rank) => ({ rank }));
    assert.equal(moveInQueue(all, new Set([all[5000]!]), "up").size, 2);
    assert.equal(moveInQueue(all, new Set([all[5000]!]), "top").size, 1);
    assert.equal(moveInQueue(all, new Set(), "top").size, 0);
  });
});

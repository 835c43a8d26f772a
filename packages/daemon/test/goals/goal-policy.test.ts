import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { explainGoal, nextLook, reachedGoal, resolveGoals } from "../../dist/goals/goal-policy.js";

const HOUR = 3_600_000;
const SETTINGS = { ratio: 2, timeMs: 24 * HOUR, idleMs: null };
const films = { name: "films", goals: { ratio: 5 } };
const old = { name: "old", goals: { ratio: 7, idleMs: HOUR } };

describe("resolveGoals", () => {
  test("the most specific word counts, for each goal by itself", () => {
    const goals = resolveGoals({ timeMs: HOUR }, [films, old], SETTINGS);
    assert.deepEqual(goals, {
      ratio: { limit: 5, source: { label: "films" } },
      time: { limit: HOUR, source: "own" },
      idle: { limit: HOUR, source: { label: "old" } },
    });
  });

  test("never is a word, too", () => {
    assert.equal(resolveGoals({ ratio: null }, [films], SETTINGS).ratio, null);
    assert.equal(resolveGoals({}, [{ name: "x", goals: { ratio: null } }, films], SETTINGS).ratio, null);
  });

  test("settings say nothing of what somebody shares of their own", () => {
    assert.deepEqual(resolveGoals({}, [], null), { ratio: null, time: null, idle: null });
    assert.equal(resolveGoals({}, [films], null).ratio?.limit, 5);
  });
});

describe("reachedGoal", () => {
  const goals = resolveGoals({}, [old], SETTINGS);
  const facts = { ratio: 1, sharingMs: 0, idleMs: 0 };

  test("says which one, or none", () => {
    assert.equal(reachedGoal(facts, goals), null);
    assert.equal(reachedGoal({ ...facts, ratio: 7 }, goals), "ratio");
    assert.equal(reachedGoal({ ...facts, sharingMs: 24 * HOUR }, goals), "time");
    assert.equal(reachedGoal({ ...facts, idleMs: HOUR }, goals), "idle");
  });

  test("a ratio of 0 is reached by what was never given", () => {
    const none = resolveGoals({ ratio: 0 }, [], null);
    assert.equal(reachedGoal({ ...facts, ratio: null }, none), "ratio");
    assert.equal(reachedGoal({ ...facts, ratio: null }, goals), null);
  });

  test("the next look is when time alone may have done it", () => {
    assert.equal(nextLook({ ...facts, sharingMs: HOUR }, goals), HOUR);
    assert.equal(nextLook({ ...facts, idleMs: HOUR / 2, sharingMs: HOUR }, goals), HOUR / 2);
    assert.equal(nextLook(facts, resolveGoals({}, [], null)), Infinity);
  });
});

test("explainGoal names the goal and whose it is", () => {
  assert.equal(explainGoal("ratio", { limit: 2, source: "settings" }), "ratio 2 is reached");
  assert.equal(
    explainGoal("time", { limit: 24 * HOUR, source: { label: "films" } }),
    "shared for 24 h, the goal of the label films",
  );
  assert.equal(
    explainGoal("idle", { limit: 30 * 60_000, source: "own" }),
    "nobody wanted it for 30 min, its own goal",
  );
  assert.equal(explainGoal("ratio", { limit: 0, source: "settings" }), "it was only to be fetched");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { Announcer, type AnnounceAction, type AnnounceTerms } from "../../../dist/core/tracker/announcer.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const terms: AnnounceTerms = {
  interval: 1800,
  minInterval: null,
  trackerId: null,
  warning: null,
  complete: 3,
  incomplete: 4,
  downloaded: null,
  peers: 5,
};
const silence = { reason: "no answer", retryMinutes: null, refused: false };
const refusal = (retryMinutes: number | "never") => ({ reason: "not now", retryMinutes, refused: true });
const rng = (): Xoshiro128 => new Xoshiro128(1);

function all(announcer: Announcer, now: number): AnnounceAction[] {
  const actions: AnnounceAction[] = [];
  for (let action = announcer.next(now); action !== null; action = announcer.next(now)) actions.push(action);
  return actions;
}

/** "url" or "url:event" of what is announced at `now`. */
function said(announcer: Announcer, now: number): string[] {
  return all(announcer, now).map(({ url, event }) => (event === null ? url : `${url}:${event}`));
}

test("started once, then at the tracker's interval, stopped at the end", () => {
  const announcer = new Announcer([["a"]], rng(), 100);
  assert.equal(announcer.nextDeadline(), 100);
  assert.deepEqual(said(announcer, 99), []);
  assert.deepEqual(said(announcer, 100), ["a:started"]);
  announcer.onAnswer("a", { ...terms, trackerId: "id" }, 200);
  const due = announcer.nextDeadline();
  assert.ok(due >= 200 + 30 * MINUTE && due <= 200 + 31 * MINUTE, "within two percent after the interval");
  assert.deepEqual(said(announcer, due - 1), []);
  assert.deepEqual(all(announcer, due), [{ url: "a", event: null, trackerId: "id" }]);
  announcer.onAnswer("a", terms, due);
  assert.deepEqual(announcer.stop(), [{ url: "a", event: "stopped", trackerId: "id" }]);
  assert.equal(announcer.nextDeadline(), Number.POSITIVE_INFINITY);
  assert.deepEqual(said(announcer, due + 24 * HOUR), []);
  assert.deepEqual(announcer.stop(), []);
});

test("a failed start is told as started again", () => {
  const announcer = new Announcer([["a"]], rng(), 0);
  assert.deepEqual(said(announcer, 0), ["a:started"]);
  announcer.onFailure("a", silence, 5);
  assert.equal(announcer.failed, 1);
  assert.deepEqual(said(announcer, 5), []);
  const again = announcer.nextDeadline();
  assert.ok(again >= 5 + 22 * SECOND && again <= 5 + 38 * SECOND);
  assert.deepEqual(said(announcer, again), ["a:started"]);
  announcer.onAnswer("a", terms, again);
  assert.equal(announcer.failed, 0);
});

test("tiers in order; the next is asked only when all before it fail (BEP 12)", () => {
  const announcer = new Announcer([["a"], ["b"], ["c"]], rng(), 0);
  assert.deepEqual(said(announcer, 0), ["a:started"]);
  announcer.onFailure("a", silence, 1);
  assert.deepEqual(said(announcer, 1), ["b:started"]);
  announcer.onAnswer("b", terms, 2);
  assert.deepEqual(said(announcer, 3), [], "c is never asked");
  const due = announcer.nextDeadline();
  assert.deepEqual(said(announcer, due), ["a:started"], "the next round starts with the first tier again");
  announcer.onFailure("a", silence, due);
  assert.deepEqual(said(announcer, due), ["b"]);
  assert.deepEqual(
    announcer.stop().map((action) => action.url),
    ["b"],
    "only who knows of us is told that we stop",
  );
});

test("a tier is shuffled; who answers moves to its front", () => {
  const urls = ["a", "b", "c", "d", "e"];
  const firsts = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    firsts.add(new Announcer([urls], new Xoshiro128(seed), 0).next(0)!.url);
  }
  assert.deepEqual([...firsts].toSorted(), urls);

  const announcer = new Announcer([["a", "b", "c"], ["d"]], rng(), 0);
  const first = announcer.next(0)!.url;
  announcer.onFailure(first, silence, 1);
  const second = announcer.next(1)!.url;
  announcer.onAnswer(second, terms, 2);
  const due = announcer.nextDeadline();
  assert.deepEqual(said(announcer, due), [second]);
});

test("failures double the pause up to an hour and never stop the clock", () => {
  const announcer = new Announcer([["a"]], rng(), 0);
  let now = 0;
  const pauses: number[] = [];
  for (let i = 0; i < 12; i++) {
    assert.deepEqual(said(announcer, now), ["a:started"]);
    announcer.onFailure("a", silence, now);
    assert.deepEqual(said(announcer, now), []);
    pauses.push(announcer.nextDeadline() - now);
    now = announcer.nextDeadline();
  }
  for (const [i, pause] of pauses.entries()) {
    const middle = Math.min(30 * SECOND * 2 ** i, HOUR);
    assert.ok(pause >= middle * 0.75 && pause <= middle * 1.25, `pause ${i} is ${pause}`);
  }
});

test("retry in (BEP 31)", () => {
  const later = new Announcer([["a"]], rng(), 0);
  all(later, 0);
  later.onFailure("a", refusal(15), 0);
  all(later, 0);
  assert.equal(later.nextDeadline(), 15 * MINUTE);

  const never = new Announcer([["a"]], rng(), 0);
  all(never, 0);
  never.onFailure("a", refusal("never"), 0);
  assert.deepEqual(said(never, 0), []);
  assert.equal(never.nextDeadline(), Number.POSITIVE_INFINITY);
  assert.deepEqual(said(never, 1000 * HOUR), []);
});

test("completed is told at once, and once", () => {
  const announcer = new Announcer([["a"]], rng(), 0);
  all(announcer, 0);
  announcer.onAnswer("a", { ...terms, minInterval: 900 }, 0);
  announcer.onCompleted(10 * SECOND);
  assert.deepEqual(said(announcer, 10 * SECOND), ["a:completed"], "events don't wait for the interval");
  announcer.onAnswer("a", terms, 10 * SECOND);
  const due = announcer.nextDeadline();
  assert.ok(due > 30 * MINUTE);
  assert.deepEqual(said(announcer, due), ["a"]);
});

test("completed before started was answered: both are told, in order", () => {
  const announcer = new Announcer([["a"]], rng(), 0);
  assert.deepEqual(said(announcer, 0), ["a:started"]);
  announcer.onCompleted(1);
  assert.deepEqual(said(announcer, 1), []);
  announcer.onAnswer("a", terms, 2);
  assert.deepEqual(said(announcer, 2), ["a:completed"]);
  announcer.onFailure("a", silence, 3);
  all(announcer, 3);
  const again = announcer.nextDeadline();
  assert.deepEqual(said(announcer, again), ["a:completed"]);
  announcer.onAnswer("a", terms, again);
  assert.deepEqual(said(announcer, announcer.nextDeadline()), ["a"]);
});

test("a silent tracker does not hold up the next one", () => {
  const announcer = new Announcer([["a"], ["b"], ["c"]], rng(), 0);
  assert.deepEqual(said(announcer, 0), ["a:started"]);
  assert.equal(announcer.nextDeadline(), 10 * SECOND);
  assert.deepEqual(said(announcer, 10 * SECOND), ["b:started"]);
  announcer.onAnswer("b", terms, 11 * SECOND);
  assert.deepEqual(said(announcer, 25 * SECOND), []);
  const due = announcer.nextDeadline();
  announcer.onAnswer("a", { ...terms, interval: 60 }, 26 * SECOND);
  assert.equal(announcer.nextDeadline(), due, "a late answer changes no plan");
  assert.deepEqual(
    announcer.stop().map((action) => action.url),
    ["a", "b"],
  );

  const alone = new Announcer([["a"], ["b"]], rng(), 0, { isPrivate: true });
  assert.deepEqual(said(alone, 0), ["a:started"]);
  assert.deepEqual(said(alone, HOUR), [], "a private torrent waits");
  alone.onFailure("a", silence, HOUR);
  assert.deepEqual(said(alone, HOUR), ["b:started"]);
});

test("intervals are kept within reason", () => {
  const next = (interval: number | null, minInterval: number | null): number => {
    const announcer = new Announcer([["a"]], rng(), 0);
    all(announcer, 0);
    announcer.onAnswer("a", { ...terms, interval, minInterval }, 0);
    return announcer.nextDeadline();
  };
  const about = (value: number, want: number): void =>
    assert.ok(value >= want && value <= want * 1.02, `${value}`);
  about(next(1, null), MINUTE);
  about(next(null, null), 30 * MINUTE);
  about(next(60, 600), 10 * MINUTE);
  about(next(1e12, null), 24 * HOUR);
  about(next(60, 1e12), 24 * HOUR);
});

test("asking for more waits for the tracker's least interval", () => {
  const announcer = new Announcer([["a"]], rng(), 0);
  all(announcer, 0);
  announcer.onAnswer("a", { ...terms, minInterval: 300 }, 0);
  announcer.announceSoon(MINUTE);
  assert.deepEqual(said(announcer, MINUTE), []);
  assert.equal(announcer.nextDeadline(), 5 * MINUTE);
  assert.deepEqual(said(announcer, 5 * MINUTE), ["a"]);
});

test("doubles and endless lists are cut", () => {
  const announcer = new Announcer([["a", "a"], ["a", "b"], []], rng(), 0);
  assert.equal(announcer.count, 2);
  const urls = Array.from({ length: 5000 }, (_, i) => `u${i}`);
  assert.equal(new Announcer([urls, urls], rng(), 0).count, 100);
  const none = new Announcer([], rng(), 0);
  assert.deepEqual(said(none, 0), []);
  assert.equal(none.nextDeadline(), Number.POSITIVE_INFINITY);
});

test("whatever trackers do: no spinning, no announce under way twice, started before everything", () => {
  const step = fc.tuple(
    fc.constantFrom("answer", "fail", "never", "silent", "complete", "soon"),
    fc.nat({ max: 5 }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), fc.nat(), (steps, seed) => {
      const announcer = new Announcer([["a", "b"], ["c"]], new Xoshiro128(seed), 0);
      const underWay = new Set<string>();
      const known = new Set<string>();
      const dead = new Set<string>();
      let now = 0;
      for (const [what, pick] of steps) {
        for (const action of all(announcer, now)) {
          assert.ok(!underWay.has(action.url));
          underWay.add(action.url);
          assert.equal(action.event === "started", !known.has(action.url));
        }
        if (what === "complete") announcer.onCompleted(now);
        if (what === "soon") announcer.announceSoon(now);
        const url = [...underWay][pick % Math.max(1, underWay.size)];
        if (url !== undefined && what !== "silent" && what !== "complete" && what !== "soon") {
          underWay.delete(url);
          if (what === "answer") {
            known.add(url);
            announcer.onAnswer(url, terms, now);
          } else {
            if (what === "never") dead.add(url);
            announcer.onFailure(url, what === "never" ? refusal("never") : silence, now);
          }
        }
        const actions = all(announcer, now);
        for (const action of actions) underWay.add(action.url);
        assert.ok(announcer.nextDeadline() > now, "after next gave null there is something to wait for");
        assert.ok(
          announcer.nextDeadline() < Number.POSITIVE_INFINITY || underWay.size > 0 || dead.size === 3,
          "while a tracker may be asked again, it will be",
        );
        if (what === "silent") now = Math.min(announcer.nextDeadline(), now + HOUR);
      }
    }),
    { numRuns: 1000 },
  );
});

test("Announcer tells a completion that nobody heard of yet before it says good-bye", () => {
  const announcer = new Announcer([["a"]], new Xoshiro128(1), 0);
  assert.equal(announcer.next(0)?.event, "started");
  announcer.onAnswer("a", terms, 10);
  announcer.onCompleted(20);
  assert.deepEqual(
    announcer.stop().map((action) => action.event),
    ["completed", "stopped"],
  );
});

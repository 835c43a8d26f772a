import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TimerWheel, WheelTimer } from "../../dist/base/timer-wheel.js";

class Named<T> extends WheelTimer {
  readonly name: T;

  constructor(name: T) {
    super();
    this.name = name;
  }
}

test("fires in order, never early, at most a tick late", () => {
  const fired: string[] = [];
  const wheel = new TimerWheel<Named<string>>(({ name }) => fired.push(name), 0, 10);
  wheel.schedule(35, new Named("b"));
  wheel.schedule(5, new Named("a"));
  wheel.schedule(100_000, new Named("c"));
  assert.equal(wheel.nextDeadline(), 10);
  wheel.advance(9);
  assert.deepEqual(fired, []);
  wheel.advance(10);
  assert.deepEqual(fired, ["a"]);
  wheel.advance(39);
  assert.deepEqual(fired, ["a"]);
  assert.equal(wheel.nextDeadline(), 40);
  wheel.advance(1_000_000);
  assert.deepEqual(fired, ["a", "b", "c"]);
  assert.equal(wheel.nextDeadline(), Infinity);
  assert.equal(wheel.size, 0);
});

test("what is scheduled or cancelled while firing", () => {
  const fired: number[] = [];
  const timers = [0, 1, 2, 3].map((name) => new Named(name));
  const wheel: TimerWheel<Named<number>> = new TimerWheel<Named<number>>(
    ({ name }, now) => {
      fired.push(name);
      if (name === 1) {
        assert.equal(wheel.cancel(timers[2]!), true);
        assert.equal(wheel.cancel(timers[1]!), false);
        wheel.schedule(now - 100, timers[3]!);
      }
    },
    0,
    1,
  );
  for (const [i, at] of [50, 10, 20].entries()) wheel.schedule(at, timers[i]!);
  wheel.advance(100);
  assert.deepEqual(fired, [1, 0]);
  assert.equal(wheel.nextDeadline(), 101);
  wheel.advance(101);
  assert.deepEqual(fired, [1, 0, 3]);
});

test("timers years away, and none at infinity", () => {
  const fired: string[] = [];
  const wheel = new TimerWheel<Named<string>>(({ name }) => fired.push(name), 123_456, 1);
  const year = 365 * 86_400_000;
  wheel.schedule(123_456 + 5 * year, new Named("far"));
  wheel.schedule(123_456 + 100, new Named("near"));
  assert.equal(wheel.nextDeadline(), 123_556);
  wheel.advance(123_556);
  assert.equal(wheel.nextDeadline(), 123_456 + 5 * year);
  wheel.advance(123_456 + 4 * year);
  assert.deepEqual(fired, ["near"]);
  wheel.advance(123_456 + 6 * year);
  assert.deepEqual(fired, ["near", "far"]);
  assert.throws(() => wheel.schedule(Infinity, new Named("never")), RangeError);
});

test("after a callback that throws, the others still fire", () => {
  const fired: number[] = [];
  const wheel = new TimerWheel<Named<number>>(
    ({ name }) => {
      if (name === 0) throw new Error("once");
      fired.push(name);
    },
    0,
    1,
  );
  for (let i = 0; i < 3; i++) wheel.schedule(10 + i, new Named(i));
  assert.throws(() => wheel.advance(20), /once/);
  assert.ok(wheel.nextDeadline() <= 20);
  wheel.advance(20);
  assert.deepEqual(fired, [1, 2]);
});

test("does what a sorted list would do", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("add" as const),
      delay: fc.oneof(fc.nat(200), fc.nat(70_000), fc.nat(40_000_000)),
    }),
    fc.record({ kind: fc.constant("move" as const), which: fc.nat(1_000), delay: fc.nat(70_000) }),
    fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(1_000) }),
    fc.record({
      kind: fc.constant("pass" as const),
      time: fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(30_000_000)),
    }),
  );
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.array(step, { maxLength: 120, size: "max" }), (start, steps) => {
      const tickMs = 4;
      let now = start;
      const model = new Map<number, { due: number; timer: Named<number> }>();
      let fired: number[] = [];
      const wheel = new TimerWheel<Named<number>>(({ name }) => fired.push(name), now, tickMs);
      let id = 0;
      let ticked = Math.floor(now / tickMs);
      for (const one of steps) {
        if (one.kind === "add") {
          const due = Math.max(ticked + 1, Math.ceil((now + one.delay) / tickMs));
          const timer = new Named(id);
          wheel.schedule(now + one.delay, timer);
          model.set(id++, { due, timer });
        } else if (one.kind === "move") {
          const key = [...model.keys()][one.which % Math.max(1, model.size)];
          if (key === undefined) continue;
          const { timer } = model.get(key)!;
          wheel.schedule(now + one.delay, timer);
          const due = Math.max(ticked + 1, Math.ceil((now + one.delay) / tickMs));
          assert.equal(wheel.dueAt(timer), due * tickMs);
          model.set(key, { due, timer });
        } else if (one.kind === "cancel") {
          const key = [...model.keys()][one.which % Math.max(1, model.size)];
          if (key === undefined) continue;
          assert.equal(wheel.cancel(model.get(key)!.timer), true);
          assert.equal(wheel.cancel(model.get(key)!.timer), false);
          model.delete(key);
        } else {
          now += one.time;
          ticked = Math.floor(now / tickMs);
          fired = [];
          wheel.advance(now);
          const expected = [...model].filter(([, { due }]) => due <= ticked).map(([key]) => key);
          assert.deepEqual(
            [...fired].sort((a, b) => a - b),
            expected,
          );
          const ticks = fired.map((key) => model.get(key)!.due);
          assert.deepEqual(
            ticks,
            [...ticks].sort((a, b) => a - b),
          );
          for (const key of fired) model.delete(key);
        }
        assert.equal(wheel.size, model.size);
        const earliest = Math.min(...[...model.values()].map(({ due }) => due));
        assert.equal(wheel.nextDeadline(), earliest === Infinity ? Infinity : earliest * tickMs);
      }
    }),
    { numRuns: 150 },
  );
});

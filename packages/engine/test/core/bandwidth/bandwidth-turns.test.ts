import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BandwidthLane, BandwidthTurns } from "../../../dist/core/bandwidth/bandwidth-turns.js";
import { RateLimit } from "../../../dist/core/bandwidth/rate-limit.js";

/** Lanes whose waiting ones always want more; counts what each of them gets. */
class Scene {
  readonly turns: BandwidthTurns = new BandwidthTurns(() => undefined);
  readonly session: RateLimit = new RateLimit();
  readonly got: Map<string, number> = new Map();
  readonly lanes: BandwidthLane<string>[] = [];

  lane(rate: number | null, names: readonly string[], step = Infinity): RateLimit {
    const limit = new RateLimit(this.session);
    limit.setRate(rate, 0);
    const lane = this.turns.lane<string>(limit, (name, most, now) => {
      const bytes = Math.min(step, most);
      limit.spend(bytes, now);
      this.got.set(name, (this.got.get(name) ?? 0) + bytes);
      return true;
    });
    this.lanes.push(lane);
    for (const name of names) lane.enter(name, 0);
    return limit;
  }

  /** Plays until `until`, waking when it is asked for. Returns how often that was. */
  play(until: number, from = 0): number {
    let wakes = 0;
    for (let now = this.turns.nextDeadline; now <= until; now = this.turns.nextDeadline) {
      assert.ok(now >= from, "time goes on");
      this.turns.run(now);
      wakes++;
    }
    return wakes;
  }
}

test("who waits under one limit gets equal shares", () => {
  const scene = new Scene();
  scene.session.setRate(1_000_000, 0);
  scene.lane(null, ["a", "b"]);
  scene.lane(null, ["c"]);
  scene.play(60_000);
  const got = (name: string): number => scene.got.get(name)! / 60_000_000;
  // Torrents share equally, and so do the peers of each.
  assert.ok(Math.abs(got("c") - 0.5) < 0.01, `${got("c")}`);
  assert.ok(Math.abs(got("a") - 0.25) < 0.01, `${got("a")}`);
  assert.ok(Math.abs(got("b") - 0.25) < 0.01, `${got("b")}`);
});

test("a lane with a low limit gets its rate, and the others all that is left", () => {
  const scene = new Scene();
  scene.session.setRate(1_000_000, 0);
  scene.lane(20_000, ["slow"]);
  scene.lane(null, ["fast"]);
  scene.play(60_000);
  assert.ok(Math.abs(scene.got.get("slow")! / 1_200_000 - 1) < 0.05);
  assert.ok(Math.abs(scene.got.get("fast")! / 58_800_000 - 1) < 0.01);
});

test("a lane under no limit waits for nothing", () => {
  const scene = new Scene();
  scene.session.setRate(1_000, 0);
  const served: string[] = [];
  const lane = scene.turns.lane<string>(new RateLimit(), (name) => {
    served.push(name);
    return false;
  });
  scene.lane(null, ["limited"]);
  lane.enter("free", 0);
  assert.deepEqual(served, ["free"]);
  assert.equal(lane.size, 0);
});

test("a limit that is taken away serves those who wait at once", () => {
  const scene = new Scene();
  let served = 0;
  scene.session.setRate(1_000, 0);
  const lane = scene.turns.lane<string>(new RateLimit(scene.session), () => {
    served++;
    return false;
  });
  for (const name of ["a", "b", "c"]) lane.enter(name, 0);
  assert.equal(served, 0);
  scene.session.setRate(null, 1);
  scene.turns.run(1);
  assert.equal(served, 3);
  assert.equal(scene.turns.nextDeadline, Infinity);
});

test("the rate holds within 2 % over a minute, from 20 kB to 200 MB a second, with few timers", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20_000, max: 200_000_000 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(Infinity, 16_384),
      (rate, peers, step) => {
        const scene = new Scene();
        scene.session.setRate(rate, 0);
        scene.lane(
          null,
          Array.from({ length: peers }, (_, i) => `${i}`),
          step,
        );
        const wakes = scene.play(60_000);
        const total = [...scene.got.values()].reduce((sum, bytes) => sum + bytes, 0);
        assert.ok(total <= rate * 60 + 1, "never more than the rate");
        assert.ok(total >= rate * 60 * 0.98, `${total / rate / 60}`);
        const mostWakes = 60 * Math.max(101, rate / Math.min(step, 262_144));
        assert.ok(wakes <= mostWakes + 1, `${wakes} wakes`);
      },
    ),
    { numRuns: 20 },
  );
});

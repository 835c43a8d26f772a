import assert from "node:assert/strict";
import { test } from "node:test";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { PexTimeline } from "../../../dist/core/pex/pex-timeline.js";

const all = (): boolean => true;

test("the first message says who is there, later ones what has changed", () => {
  const timeline = new PexTimeline<string>();
  timeline.join("a");
  timeline.join("b");
  timeline.leave("a");
  const first = timeline.begin(all);
  assert.deepEqual([first.added, first.dropped], [["b"], []]);
  timeline.join("c");
  timeline.leave("b");
  const next = timeline.since(first.position, all);
  assert.deepEqual([next.added, next.dropped, next.position], [["c"], ["b"], timeline.end]);
});

test("who comes and goes, or goes and comes back, between two messages is in neither", () => {
  const timeline = new PexTimeline<string>();
  timeline.join("stays");
  const { position } = timeline.begin(all);
  timeline.join("passes");
  timeline.leave("stays");
  timeline.leave("passes");
  timeline.join("stays");
  assert.deepEqual(timeline.since(position, all), { added: [], dropped: [], position: timeline.end });
});

test("a message has fifty of each kind, the first one two hundred; the rest comes with the next", () => {
  const timeline = new PexTimeline<number>();
  for (let i = 0; i < 120; i++) timeline.join(i);
  const parts = [timeline.since(0, all)];
  for (let i = 0; i < 2; i++) parts.push(timeline.since(parts.at(-1)!.position, all));
  assert.deepEqual(
    parts.map(({ added }) => added.length),
    [50, 50, 20],
  );
  for (let i = 120; i < 300; i++) timeline.join(i);
  assert.equal(timeline.begin(all).added.length, 200);
});

test("what somebody may not be told is in none of their messages", () => {
  const timeline = new PexTimeline<string>();
  const notMe = (name: string): boolean => name !== "me";
  timeline.join("me");
  timeline.join("a");
  const { added, position } = timeline.begin(notMe);
  timeline.leave("me");
  assert.deepEqual([added, timeline.since(position, notMe).dropped], [["a"], []]);
});

test("whoever reads all messages knows exactly who is there, however the reading falls", () => {
  const rng = new Xoshiro128(7);
  const timeline = new PexTimeline<number>();
  const present: Set<number> = new Set();
  const known: Set<number> = new Set();
  let position: number | null = null;
  const read = (): void => {
    const news = position === null ? timeline.begin(all) : timeline.since(position, all);
    for (const one of news.added) {
      assert.equal(known.has(one), false);
      known.add(one);
    }
    for (const one of news.dropped) assert.ok(known.delete(one) && !news.added.includes(one));
    ({ position } = news);
    if (rng.below(2) === 0) timeline.forgetBefore(position);
  };
  for (let i = 0; i < 5_000; i++) {
    const one = rng.below(100);
    if (present.has(one)) {
      timeline.leave(one);
      present.delete(one);
    } else {
      timeline.join(one);
      present.add(one);
    }
    if (rng.below(30) === 0) read();
  }
  while (position !== timeline.end) read();
  assert.deepEqual(known, present);
});

test("with nobody reading, only the last changes are kept", () => {
  const timeline = new PexTimeline<number>();
  for (let i = 0; i < 10_000; i++) timeline.join(i);
  const { added } = timeline.since(0, all);
  assert.ok(added[0]! >= 8_000);
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Attribution } from "../../../dist/core/swarm/attribution.js";
import { FaultWatch } from "../../../dist/core/swarm/fault-watch.js";

const NOBODY = 0xffff;

/** With something right from a peer that has nothing to do with the test, unless `sound` is false. */
function makeAttribution(sound = true): Attribution {
  const watch = new FaultWatch();
  for (let n = 0; sound && n < 100; n++) watch.onVerified("honest", 0);
  return new Attribution(NOBODY, watch, (slot) => `peer ${slot}`);
}

/** Digests of blocks given by one letter each. */
function digests(blocks: string): Uint8Array {
  return Buffer.concat(blocks.split("").map((block) => createHash("sha1").update(block).digest()));
}

test("who delivered the whole of a failed piece is banned", () => {
  const attribution = makeAttribution();
  const verdict = attribution.onFailed(1, [4, 4, 4], digests("xyz"), 0);
  assert.deepEqual(verdict.ban, [{ slot: 4, reason: "whole-piece-failed" }]);
  assert.equal(attribution.wantsDigests(1), false);
});

test("blocks of unknown origin leave room for doubt", () => {
  const attribution = makeAttribution();
  const verdict = attribution.onFailed(1, [4, NOBODY, 4], null, 0);
  assert.deepEqual(verdict.ban, []);
  assert.deepEqual(verdict.parole, [4]);
});

test("of several, the one whose block differs is banned once the piece is right, and the others are cleared", () => {
  const attribution = makeAttribution();
  const failed = attribution.onFailed(7, [1, 2, 3, 1], digests("abxd"), 0);
  assert.deepEqual(failed.ban, []);
  assert.deepEqual(failed.parole, [1, 2, 3]);
  assert.equal(attribution.isOnParole(3), true);
  assert.equal(attribution.wantsDigests(7), true);
  const right = attribution.onVerified(7, [5, 5, 5, 5], digests("abcd"), 1_000);
  assert.deepEqual(right.ban, [{ slot: 3, reason: "block-differs" }]);
  assert.deepEqual(right.cleared, [1, 2]);
  assert.equal(attribution.wantsDigests(7), false);
  for (const slot of [1, 2, 3]) assert.equal(attribution.isOnParole(slot), false);
});

test("liars of several failed downloads of one piece are all found", () => {
  const attribution = makeAttribution();
  attribution.onFailed(7, [1, 2], digests("ax"), 0);
  attribution.onFailed(7, [3, 2], digests("yb"), 1);
  const right = attribution.onVerified(7, [1, 4], digests("ab"), 2);
  assert.deepEqual(new Set(right.ban.map(({ slot }) => slot)), new Set([2, 3]));
  assert.deepEqual(right.cleared, [1]);
});

test("nobody is convicted without digests, or by those of another hash function", () => {
  const attribution = makeAttribution();
  attribution.onFailed(7, [1, 2], digests("ax"), 0);
  assert.deepEqual(attribution.onVerified(7, [1, 2], new Uint8Array(64), 1).ban, []);
  attribution.onFailed(8, [1, 2], null, 2);
  assert.equal(attribution.wantsDigests(8), false);
  const right = attribution.onVerified(8, [1, 2], digests("ab"), 3);
  assert.deepEqual([right.ban, right.cleared], [[], []]);
});

test("a suspect clears itself with a whole piece, unless it is suspected elsewhere", () => {
  const attribution = makeAttribution();
  attribution.onFailed(7, [1, 2], null, 0);
  assert.deepEqual(attribution.onVerified(8, [1, 1], null, 1).cleared, [1]);
  attribution.onFailed(9, [2, 3], digests("ab"), 2);
  assert.deepEqual(attribution.onVerified(10, [2, 2], null, 3).cleared, []);
  assert.equal(attribution.isOnParole(2), true);
});

test("a leaf that differs is proof", () => {
  const attribution = makeAttribution();
  assert.deepEqual(attribution.onLeafMismatch([6, 6, NOBODY, 9], 0).ban, [
    { slot: 6, reason: "leaf-differs" },
    { slot: 9, reason: "leaf-differs" },
  ]);
});

test("a slot that changes hands takes nothing along", () => {
  const attribution = makeAttribution();
  attribution.onFailed(7, [1, 2], digests("ax"), 0);
  attribution.forget(2);
  assert.equal(attribution.isOnParole(2), false);
  assert.deepEqual(attribution.onVerified(7, [1, 1], digests("ab"), 1).ban, []);
});

test("nobody is banned while nothing is right; then the charges count", () => {
  const attribution = makeAttribution(false);
  const first = attribution.onFailed(0, [1], null, 0);
  assert.deepEqual([first.ban, first.parole], [[], [1]]);
  assert.deepEqual(attribution.onTick(60_000).ban, []);
  const right = attribution.onVerified(1, [2], null, 61_000);
  assert.deepEqual(right.ban, [{ slot: 1, reason: "whole-piece-failed" }]);
  // A charge of long ago counts no more.
  const late = makeAttribution(false);
  late.onFailed(0, [1], null, 0);
  assert.deepEqual(late.onTick(300_000).ban, []);
  assert.deepEqual(late.onVerified(1, [2], null, 300_001).ban, []);
});

test("liars who hid behind each other are banned when an honest peer has shown that the fault is theirs", () => {
  const attribution = makeAttribution(false);
  for (const slot of [1, 2, 3]) assert.deepEqual(attribution.onFailed(slot, [slot], null, slot).ban, []);
  const banned: number[] = [];
  for (let piece = 10; piece < 20; piece++)
    banned.push(...attribution.onVerified(piece, [9], null, piece).ban.map(({ slot }) => slot));
  assert.deepEqual(banned, [1, 2, 3]);
});

test("a peer that is alone and fails again and again is banned all the same", () => {
  const attribution = makeAttribution(false);
  assert.deepEqual(attribution.onFailed(0, [1], null, 0).ban, []);
  assert.deepEqual(attribution.onFailed(1, [1], null, 9_999).ban, []);
  assert.deepEqual(attribution.onFailed(0, [1], null, 10_000).ban.length, 1);
});

test("when everything fails from everybody, nobody is banned, then or later", () => {
  const attribution = makeAttribution(false);
  for (let slot = 1; slot <= 8; slot++) {
    const verdict = attribution.onFailed(slot, [slot], null, slot * 1_000);
    assert.deepEqual([verdict.ban, verdict.parole], [[], [slot]]);
  }
  assert.deepEqual(attribution.onLeafMismatch([4], 21_000).ban, []);
  assert.deepEqual(attribution.onTick(22_000).ban, []);
  assert.deepEqual(attribution.onVerified(20, [1], null, 30_000).ban, []);
});

test("a peer on parole that connects again stays on parole until a whole piece clears it", () => {
  const attribution = makeAttribution();
  attribution.putOnParole(3);
  assert.equal(attribution.isOnParole(3), true);
  assert.deepEqual(attribution.onVerified(5, [3, 4], null, 1).cleared, []);
  assert.deepEqual(attribution.onVerified(6, [3, 3], null, 2).cleared, [3]);
});

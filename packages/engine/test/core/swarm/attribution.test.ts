import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Attribution } from "../../../dist/core/swarm/attribution.js";

const NOBODY = 0xffff;

/** Digests of blocks given by one letter each. */
function digests(blocks: string): Uint8Array {
  return Buffer.concat(blocks.split("").map((block) => createHash("sha1").update(block).digest()));
}

test("who delivered the whole of a failed piece is banned", () => {
  const attribution = new Attribution(NOBODY);
  const verdict = attribution.onFailed(1, [4, 4, 4], digests("xyz"), 0);
  assert.deepEqual(verdict.ban, [{ slot: 4, reason: "whole-piece-failed" }]);
  assert.equal(attribution.wantsDigests(1), false);
});

test("blocks of unknown origin leave room for doubt", () => {
  const attribution = new Attribution(NOBODY);
  const verdict = attribution.onFailed(1, [4, NOBODY, 4], null, 0);
  assert.deepEqual(verdict.ban, []);
  assert.deepEqual(verdict.parole, [4]);
});

test("of several, the one whose block differs is banned once the piece is right, and the others are cleared", () => {
  const attribution = new Attribution(NOBODY);
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
  const attribution = new Attribution(NOBODY);
  attribution.onFailed(7, [1, 2], digests("ax"), 0);
  attribution.onFailed(7, [3, 2], digests("yb"), 1);
  const right = attribution.onVerified(7, [1, 4], digests("ab"), 2);
  assert.deepEqual(new Set(right.ban.map(({ slot }) => slot)), new Set([2, 3]));
  assert.deepEqual(right.cleared, [1]);
});

test("nobody is convicted without digests, or by those of another hash function", () => {
  const attribution = new Attribution(NOBODY);
  attribution.onFailed(7, [1, 2], digests("ax"), 0);
  assert.deepEqual(attribution.onVerified(7, [1, 2], new Uint8Array(64), 1).ban, []);
  attribution.onFailed(8, [1, 2], null, 2);
  assert.equal(attribution.wantsDigests(8), false);
  const right = attribution.onVerified(8, [1, 2], digests("ab"), 3);
  assert.deepEqual([right.ban, right.cleared], [[], []]);
});

test("a suspect clears itself with a whole piece, unless it is suspected elsewhere", () => {
  const attribution = new Attribution(NOBODY);
  attribution.onFailed(7, [1, 2], null, 0);
  assert.deepEqual(attribution.onVerified(8, [1, 1], null, 1).cleared, [1]);
  attribution.onFailed(9, [2, 3], digests("ab"), 2);
  assert.deepEqual(attribution.onVerified(10, [2, 2], null, 3).cleared, []);
  assert.equal(attribution.isOnParole(2), true);
});

test("a leaf that differs is proof", () => {
  const attribution = new Attribution(NOBODY);
  assert.deepEqual(attribution.onLeafMismatch([6, 6, NOBODY, 9], 0).ban, [
    { slot: 6, reason: "leaf-differs" },
    { slot: 9, reason: "leaf-differs" },
  ]);
});

test("a slot that changes hands takes nothing along", () => {
  const attribution = new Attribution(NOBODY);
  attribution.onFailed(7, [1, 2], digests("ax"), 0);
  attribution.forget(2);
  assert.equal(attribution.isOnParole(2), false);
  assert.deepEqual(attribution.onVerified(7, [1, 1], digests("ab"), 1).ban, []);
});

test("when everything fails from everybody, our own memory or disk is suspected and nobody banned", () => {
  const attribution = new Attribution(NOBODY);
  assert.equal(attribution.onFailed(0, [1], null, 0).ban.length, 1);
  assert.equal(attribution.onFailed(1, [2], null, 10_000).ban.length, 1);
  const third = attribution.onFailed(2, [3], null, 20_000);
  assert.deepEqual(third.ban, []);
  assert.deepEqual(third.parole, [3]);
  assert.equal(third.suspectLocal, true);
  assert.deepEqual(attribution.onLeafMismatch([4], 21_000).ban, []);
  // A minute later it is over.
  assert.equal(attribution.onFailed(3, [5], null, 90_000).ban.length, 1);
});

test("one liar in many pieces, or failures among many good pieces, are no fault of ours", () => {
  const liar = new Attribution(NOBODY);
  liar.onFailed(0, [1, 2], null, 0);
  liar.onFailed(1, [1, 3], null, 1);
  liar.onFailed(2, [1, 4], null, 2);
  assert.equal(liar.onFailed(3, [1], null, 3).suspectLocal, false);
  const busy = new Attribution(NOBODY);
  for (let piece = 0; piece < 20; piece++) busy.onVerified(piece, [9], null, piece);
  for (let piece = 20; piece < 30; piece++) {
    assert.equal(busy.onFailed(piece, [piece], null, 100).ban.length, 1);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "../../dist/base/bitfield.js";
import { HaveBatch } from "../../dist/core/have-batch.js";

test("each peer is told what it lacks, in order, at its own pace", () => {
  const batch = new HaveBatch();
  const early = batch.end;
  for (let piece = 0; piece < 300; piece++) batch.add(299 - piece);
  const late = batch.end;
  batch.add(300);
  const theirs = new Bitfield(400);
  theirs.set(298);
  const out = new Uint32Array(100);
  const told: number[] = [];
  let cursor = early;
  for (let i = 0; i < 4; i++) {
    cursor = batch.next(cursor, theirs, out);
    told.push(...out.subarray(0, batch.count));
  }
  assert.equal(batch.count, 0);
  assert.equal(cursor, batch.end);
  assert.deepEqual(told, [299, ...Array.from({ length: 298 }, (_, i) => 297 - i), 300]);
  assert.equal(batch.next(late, theirs, out), batch.end);
  assert.deepEqual([...out.subarray(0, batch.count)], [300]);
});

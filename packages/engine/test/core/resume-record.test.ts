import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../dist/base/errors.js";
import type { FilePriority } from "../../dist/core/file-selection.js";
import { decodeResumeRecord, encodeResumeRecord } from "../../dist/core/resume-record.js";
import type { ResumeRecord } from "../../dist/core/resume-record.js";

const u32 = fc.nat({ max: 0xffffffff });
const count = fc.maxSafeNat();
const time = fc.double({ noNaN: true });
const hash = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const pieces = fc
  .uniqueArray(fc.nat({ max: 2_097_151 }), { maxLength: 20 })
  .map((list) => list.sort((a, b) => a - b));
const text = fc.string({ unit: "grapheme", maxLength: 12 });

const place = fc
  .record({
    pieceCount: fc.integer({ min: 1, max: 2_097_152 }),
    root: text,
    partPath: text,
    paths: fc.array(text),
  })
  .chain((rest) =>
    fc.record({ skipped: fc.subarray([...rest.paths.keys()]) }).map(({ skipped }) => ({ ...rest, skipped })),
  );

const record: fc.Arbitrary<ResumeRecord> = fc.oneof(
  fc.record({
    type: fc.constant("about" as const),
    about: fc.oneof(
      fc.record({ v1: hash(20), v2: fc.option(hash(32)), addedAt: count }),
      fc.record({ v1: fc.constant(null), v2: hash(32), addedAt: count }),
    ),
  }),
  fc.record({ type: fc.constant("metainfo" as const), bytes: fc.uint8Array() }),
  fc.record({ type: fc.constant("place" as const), place }),
  fc.record({
    type: fc.constant("files" as const),
    files: fc.array(fc.record({ index: u32, inode: time, ours: fc.boolean() })),
  }),
  fc.record({ type: fc.constant("run" as const), bootId: text }),
  fc.record({
    type: fc.constantFrom("verified" as const, "found" as const, "unverified" as const, "suspect" as const),
    pieces,
  }),
  fc.record({
    type: fc.constant("blocks" as const),
    piece: u32,
    mask: fc.uint8Array({ minLength: 1, maxLength: 64 }),
  }),
  fc.record({ type: fc.constant("mark" as const), everything: fc.boolean() }),
  fc.record({ type: fc.constant("barrier" as const) }),
  fc.record({ type: fc.constant("totals" as const), downloaded: count, uploaded: count }),
  fc.record({
    type: fc.constant("stop" as const),
    files: fc.array(fc.record({ index: u32, size: count, modifiedMs: time, inode: time })),
  }),
  fc.record({
    type: fc.constant("priorities" as const),
    priorities: fc
      .array(fc.tuple(u32, fc.integer({ min: 0, max: 7 })))
      .map((list) => new Map(list as [number, FilePriority][])),
  }),
  fc.record({
    type: fc.constant("moving" as const),
    move: fc.record({ root: text, paths: fc.array(text), copied: fc.boolean() }),
  }),
  fc.record({ type: fc.constant("added" as const), folder: text }),
);

test("records come back as they were", () => {
  fc.assert(
    fc.property(record, (given) => {
      // The clone is made of ordinary objects.
      assert.deepEqual(decodeResumeRecord(encodeResumeRecord(given)), structuredClone(given));
    }),
  );
});

test("any bytes give a record or a ProtocolError", () => {
  const damaged = fc
    .tuple(record, fc.nat(), fc.nat({ max: 255 }), fc.nat())
    .map(([given, at, value, cut]) => {
      const bytes = encodeResumeRecord(given);
      bytes[at % bytes.length] = value;
      return bytes.subarray(0, cut % (bytes.length + 1));
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array()), (bytes) => {
      try {
        const found = decodeResumeRecord(bytes);
        assert.deepEqual(decodeResumeRecord(encodeResumeRecord(found)), found);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test("ranges that overlap, run backwards or past the limit are refused", () => {
  const verified = encodeResumeRecord({ type: "verified", pieces: [3, 4, 5, 9] });
  assert.equal(verified.length, 1 + 2 * 8);
  const broken = (change: (view: DataView) => void): Uint8Array => {
    const bytes = verified.slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  for (const bytes of [
    broken((view) => view.setUint32(9, 5)),
    broken((view) => view.setUint32(13, 0)),
    broken((view) => view.setUint32(13, 2_097_152)),
  ]) {
    assert.throws(() => decodeResumeRecord(bytes), ProtocolError);
  }
});

import assert from "node:assert/strict";
import { type FuzzTarget, InputReader, outcomeOf } from "@shoal/testkit/fuzz";
import { decodeResumeRecord, encodeResumeRecord, type ResumeRecord } from "../../dist/core/resume-record.js";
import { ResumeState } from "../../dist/core/resume.js";
import { Layout } from "../../dist/meta/layout.js";
import { FILE_HEADER, frameRecords, parseRecords } from "../../dist/node/record-file.js";
import { concatBytes } from "../../dist/base/bytes.js";
import { entry } from "./seeds.ts";

const LAYOUT = new Layout("v1", 16_384, [entry(["a"], 100_000), entry(["b"], 0), entry(["c"], 300_000)]);
const RECORDS: readonly ResumeRecord[] = [
  { type: "about", about: { v1: new Uint8Array(20), v2: new Uint8Array(32), addedAt: 5 } },
  { type: "metainfo", bytes: Uint8Array.of(1, 2, 3) },
  {
    type: "place",
    place: {
      pieceCount: LAYOUT.pieceCount,
      root: "/r",
      partPath: "/p",
      paths: ["a", "b", "c"],
      skipped: [1],
    },
  },
  {
    type: "files",
    files: [
      { index: 0, inode: 7, ours: true },
      { index: 2, inode: 9, ours: false },
    ],
  },
  { type: "run", bootId: "boot" },
  { type: "verified", pieces: [0, 1, 2, 7] },
  { type: "found", pieces: [9] },
  { type: "unverified", pieces: [1] },
  { type: "suspect", pieces: [7] },
  { type: "blocks", piece: 12, mask: Uint8Array.of(0x80) },
  { type: "mark", everything: true },
  { type: "barrier" },
  { type: "totals", downloaded: 1, uploaded: 2 },
  {
    type: "stop",
    files: [
      { index: 0, size: 100_000, modifiedMs: 3, inode: 7 },
      { index: 2, size: 300_000, modifiedMs: 4, inode: 9 },
    ],
  },
];

const record: FuzzTarget = {
  name: "resume-record",
  about: "one record of resume data: read, written, read again",
  seeds: () => RECORDS.map(encodeResumeRecord),
  run: (input) =>
    outcomeOf(
      () => decodeResumeRecord(input),
      (read) => {
        // Nine bytes can name two million pieces; writing them again and again takes too long for here.
        if ("pieces" in read && read.pieces.length > 10_000) return "many pieces";
        const written = encodeResumeRecord(read);
        assert.deepEqual(encodeResumeRecord(decodeResumeRecord(written)), written);
        return read.type;
      },
    ),
};

/** A whole journal, and in front of it what the files are like now. */
const journal: FuzzTarget = {
  name: "resume-journal",
  about:
    "a journal's file as a crash, another program or a broken disk leaves it: what it claims is bounded by the files",
  seeds: () => {
    const file = concatBytes(FILE_HEADER, frameRecords(RECORDS.map(encodeResumeRecord)));
    return [concatBytes(Uint8Array.of(255, 7, 255, 9), file), concatBytes(Uint8Array.of(50, 7, 0, 0), file)];
  },
  run(input) {
    const reader = new InputReader(input);
    const sizes = [reader.u8() * 400, 0, 0];
    const inodes = [reader.u8(), 0, 0];
    sizes[2] = reader.u8() * 1_200;
    inodes[2] = reader.u8();
    const { records, end } = parseRecords(reader.rest());
    assert.ok(end <= input.length);
    const state = ResumeState.load(records, "boot");
    if (state === null) return "nothing";
    const found = LAYOUT.files.map(({ index }) =>
      inodes[index] === 0 ? null : { size: sizes[index]!, modifiedMs: 3 + index / 2, inode: inodes[index]! },
    );
    const damaged = state.isDamaged;
    const verdict = state.judge(LAYOUT, found);
    for (const piece of verdict.claimed) {
      LAYOUT.spans(piece * LAYOUT.pieceLength, LAYOUT.pieceSize(piece), (file, offset, length) => {
        assert.ok((found[file.index]?.size ?? -1) >= offset + length, `piece ${piece} is not on disk`);
        assert.ok(!verdict.recheck.get(piece));
      });
    }
    for (const piece of verdict.masks.keys()) assert.ok(!verdict.claimed.get(piece));
    // What it would write in place of the journal says the same.
    const again = ResumeState.load(state.snapshot(), "boot")!;
    const second = again.judge(LAYOUT, found);
    assert.deepEqual([...second.claimed], [...verdict.claimed]);
    return `${damaged} ${verdict.claimed.count > 0} ${verdict.recheck.count > 0} ${verdict.masks.size > 0}`;
  },
};

export const targets: readonly FuzzTarget[] = [journal, record];

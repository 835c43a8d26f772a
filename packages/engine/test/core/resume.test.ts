import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ResumeState } from "../../dist/core/resume.js";
import type { FoundFile, ResumeVerdict } from "../../dist/core/resume-judge.js";
import { encodeResumeRecord } from "../../dist/core/resume-record.js";
import type { ResumePlace } from "../../dist/core/resume-record.js";
import { Layout } from "../../dist/meta/layout.js";
import type { LayoutEntry } from "../../dist/meta/layout.js";

const BLOCK = 16_384;

function entry(name: string, size: number): LayoutEntry {
  return {
    path: [name],
    size,
    pad: false,
    executable: false,
    hidden: false,
    symlink: null,
    piecesRoot: null,
  };
}

/** Six pieces of two blocks; pieces 0-1 in a, 2 in a and b, 3-5 in b, the last one short. */
const layout = new Layout("v1", 2 * BLOCK, [entry("a", 5 * BLOCK), entry("b", 6 * BLOCK + 100)]);
const about = { v1: new Uint8Array(20).fill(7), v2: null, addedAt: 1_700_000_000_000 };
const place = (skipped: number[] = []): ResumePlace => {
  return { pieceCount: 6, root: "/data", partPath: "/state/parts", paths: ["a", "b"], skipped };
};
const whole: readonly FoundFile[] = layout.files.map(({ size, index }) => ({
  size,
  modifiedMs: 5.5,
  inode: 100 + index,
}));

/** A journal as a process under boot "one" left it. */
function journal(fill: (state: ResumeState) => void, inodes: boolean = true): Uint8Array[] {
  const state = ResumeState.create(about, "one");
  state.setPlace(place(), layout);
  if (inodes) state.addFiles(whole.map(({ inode }, index) => ({ index, inode, ours: true })));
  fill(state);
  return state.drain();
}

function load(records: readonly Uint8Array[], bootId: string): ResumeState {
  const state = ResumeState.load(records, bootId);
  assert.ok(state !== null);
  return state;
}

function judge(
  records: readonly Uint8Array[],
  bootId: string,
  found: readonly (FoundFile | null)[] = whole,
): string {
  return brief(load(records, bootId).judge(layout, found));
}

function brief(verdict: ResumeVerdict): string {
  const masks = [...verdict.masks].map(([piece, mask]) => `${piece}:${Buffer.from(mask).toString("hex")}`);
  return `claimed ${[...verdict.claimed].join()} recheck ${[...verdict.recheck].join()} masks ${masks.join()}`;
}

describe("what may be claimed", () => {
  const records = journal((state) => {
    state.verified([0, 5]);
    state.mark();
    state.verified([2]);
    state.barrier();
    state.blocks(3, Uint8Array.of(0x80));
    state.verified([4]);
    state.unverified([4]);
  });

  test("under the same start of the machine everything recorded, under another what was synced", () => {
    assert.equal(judge(records, "one"), "claimed 0,2,5 recheck  masks 3:80");
    assert.equal(judge(records, "two"), "claimed 0,5 recheck 2 masks ");
    assert.equal(judge(records, ""), "claimed 0,5 recheck 2 masks ");
  });

  test("only what the files are long enough for, and only in the same files", () => {
    const [a, b] = whole as [FoundFile, FoundFile];
    const short = { ...b, size: 4 * BLOCK };
    assert.equal(judge(records, "one", [a, short]), "claimed 0,2 recheck 5 masks 3:80");
    assert.equal(judge(records, "one", [a, { ...b, size: BLOCK }]), "claimed 0,2 recheck 5 masks ");
    assert.equal(judge(records, "one", [a, null]), "claimed 0 recheck 2,5 masks ");
    assert.equal(judge(records, "one", [{ ...a, inode: 9 }, b]), "claimed 5 recheck 0,2 masks 3:80");
    assert.equal(judge(records, "one", [{ ...a, modifiedMs: 9 }, b]), "claimed 0,2,5 recheck  masks 3:80");
    const noInodes = journal((state) => state.verified([0]), false);
    assert.equal(judge(noInodes, "one"), "claimed  recheck 0 masks ");
  });

  test("a clean stop makes size and time count, until a later run changes something", () => {
    const stopped = journal((state) => {
      state.verified([0, 4]);
      state.mark();
      state.barrier();
      state.stop(whole.map((file, index) => ({ index, ...file })));
    });
    const touched = whole.map((file) => ({ ...file, modifiedMs: 6 }));
    assert.equal(judge(stopped, "two"), "claimed 0,4 recheck  masks ");
    assert.equal(judge(stopped, "two", touched), "claimed  recheck 0,4 masks ");
    const seeding = load(stopped, "two");
    seeding.setTotals(0, 12);
    assert.equal(judge([...stopped, ...seeding.drain()], "two", touched), "claimed  recheck 0,4 masks ");
    const loading = load(stopped, "two");
    loading.verified([1]);
    assert.equal(judge([...stopped, ...loading.drain()], "two", touched), "claimed 0,1,4 recheck  masks ");
  });

  test("what the same process changes after a stop makes size and time of the files not count any more", () => {
    const paused = (then: (state: ResumeState) => void): Uint8Array[] =>
      journal((state) => {
        state.verified([0]);
        state.mark();
        state.barrier();
        state.stop(whole.map((file, index) => ({ index, ...file })));
        then(state);
      });
    const touched = whole.map((file) => ({ ...file, modifiedMs: 6 }));
    assert.equal(
      judge(
        paused(() => {}),
        "one",
        touched,
      ),
      "claimed  recheck 0 masks ",
    );
    const goesOn = paused((state) => state.verified([1]));
    assert.equal(judge(goesOn, "one", touched), "claimed 0,1 recheck  masks ");
    assert.equal(judge(goesOn, "two", touched), "claimed 0 recheck 1 masks ");
  });

  test("the first sync of a process, and the first after a check of found files, must cover every file", () => {
    const first = journal((state) => state.verified([0]));
    const second = load(first, "one");
    assert.ok(second.needsSync);
    second.verified([4]);
    assert.equal(second.mark(), true);
    second.verified([5]);
    second.barrier();
    assert.ok(second.needsSync);
    assert.equal(second.mark(), false);
    second.barrier();
    assert.ok(!second.needsSync);
    second.found([1]);
    assert.equal(second.mark(), true);
    const all = [...first, ...second.drain()];
    assert.equal(judge(all, "two"), "claimed 0,4,5 recheck 1 masks ");
    assert.equal(judge(all, "one"), "claimed 0,1,4,5 recheck  masks ");
    second.barrier();
    assert.equal(judge([...all, ...second.drain()], "two"), "claimed 0,1,4,5 recheck  masks ");
  });

  test("a mark that doesn't cover every file leaves an earlier run's data unsure", () => {
    const first = journal((state) => state.verified([0]));
    const run = encodeResumeRecord({ type: "run", bootId: "one" });
    for (const everything of [false, true]) {
      const mark = encodeResumeRecord({ type: "mark", everything });
      const all = [...first, run, mark, encodeResumeRecord({ type: "barrier" })];
      assert.equal(judge(all, "two"), everything ? "claimed 0 recheck  masks " : "claimed  recheck 0 masks ");
    }
  });

  test("what was lost with a restart is not made durable by a later sync", () => {
    const first = journal((state) => {
      state.verified([0]);
      state.mark();
    });
    const second = load(first, "two");
    second.mark();
    second.barrier();
    assert.equal(judge([...first, ...second.drain()], "two"), "claimed  recheck 0 masks ");
  });

  test("what must be rechecked stays so, even when the new file becomes known", () => {
    const other = whole.map((file) => ({ ...file, inode: file.inode + 50 }));
    const first = load(records, "one");
    assert.equal(brief(first.judge(layout, other)), "claimed  recheck 0,2,5 masks ");
    first.addFiles(other.map(({ inode }, index) => ({ index, inode, ours: false })));
    const second = [...records, ...first.drain()];
    assert.equal(judge(second, "one", other), "claimed  recheck 0,2,5 masks ");
    first.verified([0, 2]);
    first.unverified([5]);
    assert.equal(judge([...second, ...first.drain()], "one", other), "claimed 0,2 recheck  masks ");
  });

  test("bytes of skipped files are never claimed, nor those of files that were skipped", () => {
    const state = load(records, "one");
    state.setPlace(place([0]), layout);
    const skipping = [...records, ...state.drain()];
    assert.equal(judge(skipping, "one"), "claimed 5 recheck 0,2 masks 3:80");
    const again = load(skipping, "one");
    again.setPlace(place(), layout);
    assert.equal(judge([...skipping, ...again.drain()], "one"), "claimed 5 recheck 0,2 masks 3:80");
  });

  test("a mask that doesn't fit the piece is dropped", () => {
    for (const mask of [Uint8Array.of(0xa0), Uint8Array.of(0x80, 0), Uint8Array.of(0x01)]) {
      assert.equal(
        judge(
          journal((state) => state.blocks(3, mask)),
          "one",
        ),
        "claimed  recheck  masks ",
      );
    }
    const emptied = journal((state) => {
      state.blocks(3, Uint8Array.of(0xc0));
      state.blocks(3, Uint8Array.of(0));
    });
    assert.equal(judge(emptied, "one"), "claimed  recheck  masks ");
  });

  test("another layout has nothing in common with the journal", () => {
    const other = new Layout("v1", 2 * BLOCK, [entry("a", 30 * BLOCK)]);
    const state = load(records, "one");
    const verdict = state.judge(other, [null]);
    assert.ok(verdict.recheck.isFull && verdict.claimed.isEmpty);
    assert.throws(() => state.setPlace({ ...place(), pieceCount: 15, paths: ["a"] }, other));
  });
});

describe("the journal", () => {
  test("keeps identity, metadata, place, files and totals", () => {
    const state = ResumeState.create(about, "one");
    state.setMetainfo(Uint8Array.of(1, 2));
    state.setPlace(place([1]), layout);
    state.addFiles([{ index: 0, inode: 2 ** 52, ours: true }]);
    state.setTotals(5, 6);
    for (const records of [state.drain(), state.snapshot()]) {
      const loaded = load(records, "one");
      assert.deepEqual(loaded.about, about);
      assert.deepEqual(loaded.metainfo, Uint8Array.of(1, 2));
      assert.deepEqual(loaded.place, place([1]));
      assert.deepEqual([...loaded.files.values()], [{ index: 0, inode: 2 ** 52, ours: true }]);
      assert.deepEqual([loaded.downloaded, loaded.uploaded], [5, 6]);
      assert.equal(loaded.isDamaged, false);
    }
    assert.deepEqual(state.drain(), []);
  });

  test("is read up to the first record that is broken, and says so", () => {
    const good = journal((state) => state.verified([0]));
    const later = journal((state) => state.verified([1])).slice(-1);
    const tooFar = journal((state) => state.verified([1]))
      .slice(-1)
      .map((record) => {
        const bytes = record.slice();
        bytes[4] = 77;
        return bytes;
      });
    for (const bad of [[Uint8Array.of(99)], [new Uint8Array(0)], tooFar, good.slice(0, 1)]) {
      const loaded = load([...good, ...bad, ...later], "one");
      assert.equal(brief(loaded.judge(layout, whole)), "claimed 0 recheck  masks ");
      assert.equal(loaded.isDamaged, true);
      assert.equal(judge(loaded.snapshot(), "one"), "claimed 0 recheck  masks ");
    }
    assert.equal(ResumeState.load([], "one"), null);
    assert.equal(ResumeState.load(good.slice(1), "one"), null);
    assert.equal(ResumeState.load([Uint8Array.of(1, 2, 3)], "one"), null);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ShoalError } from "../../dist/base/errors.js";
import { FileSelection, type FilePriority } from "../../dist/core/file-selection.js";
import { Layout, padEntry } from "../../dist/meta/layout.js";

const MIB = 1_048_576;

function layoutOf(pieceLength: number, sizes: readonly number[], pads: readonly number[] = []): Layout {
  const entries = sizes.map((size, index) => ({
    ...padEntry(size),
    path: [`f${index}`],
    pad: pads.includes(index),
  }));
  return new Layout("v1", pieceLength, entries);
}

function prioritiesOf(selection: FileSelection, layout: Layout): number[] {
  return Array.from({ length: layout.pieceCount }, (_, piece) => selection.piecePriority(piece));
}

test("a piece has the highest priority of its files", () => {
  const layout = layoutOf(10, [15, 0, 10, 20, 5]);
  const wishes: FilePriority[] = [1, 7, 0, 4, 6];
  const selection = new FileSelection(layout, (file) => wishes[file]!);
  // The empty file has no byte in any piece.
  assert.deepEqual(prioritiesOf(selection, layout), [1, 1, 4, 4, 6]);
  assert.equal(selection.wantedBytes, 40);
});

test("pads are not wanted", () => {
  const layout = layoutOf(10, [5, 5, 10], [1]);
  const selection = new FileSelection(layout, () => 4);
  assert.equal(selection.wantedBytes, 15);
  assert.equal(selection.isWanted(1), false);
});

test("changes tell which files they concern, and the normal priority is no exception", () => {
  const layout = layoutOf(10, [10, 10, 10]);
  const selection = new FileSelection(layout, () => 4);
  const changes = new Map<number, FilePriority>([
    [0, 4],
    [1, 0],
    [2, 7],
  ]);
  assert.deepEqual(selection.change(changes), [1, 2]);
  assert.deepEqual(
    [...selection.exceptions()],
    [
      [1, 0],
      [2, 7],
    ],
  );
  assert.equal(selection.wantedBytes, 20);
  assert.deepEqual(selection.change(new Map([[1, 4]])), [1]);
  assert.equal(selection.wantedBytes, 30);
});

test("a priority or file that does not exist changes nothing", () => {
  const layout = layoutOf(10, [10, 5, 5], [1]);
  const selection = new FileSelection(layout, () => 4);
  for (const [file, priority] of [
    [0, 8],
    [0, -1],
    [0, 1.5],
    [1, 4],
    [3, 4],
  ] as const) {
    const changes = new Map([
      [2, 0 as FilePriority],
      [file, priority as FilePriority],
    ]);
    assert.throws(() => selection.change(changes), ShoalError);
    assert.equal(selection.priority(2), 4);
  }
});

test("for a preview the ends of wanted files come first", () => {
  const layout = layoutOf(MIB / 2, [6 * MIB, 3 * MIB]);
  const selection = new FileSelection(layout, (file) => (file === 0 ? 4 : 0));
  selection.firstLast = true;
  assert.deepEqual(prioritiesOf(selection, layout), [7, 7, 4, 4, 4, 4, 4, 4, 4, 4, 7, 7, 0, 0, 0, 0, 0, 0]);
});

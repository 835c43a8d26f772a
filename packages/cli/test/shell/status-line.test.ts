import assert from "node:assert/strict";
import { test } from "node:test";
import { type StatusRow, statusLine } from "../../dist/shell/status-line.js";

function row(id: number, more: Partial<StatusRow> = {}): StatusRow {
  const usual = {
    name: `film ${id}`,
    state: "downloading" as const,
    wanted: 200,
    have: 24,
    downRate: 0,
    etaMs: null,
  };
  return { id, ...usual, ...more };
}

test("the fastest downloads are shown, what waits says so, and the rest is counted", () => {
  const rows = [
    row(1),
    row(2, { downRate: 92e6, etaMs: 120_000 }),
    row(3, { downRate: 5_000 }),
    row(4, { state: "seeding" }),
  ];
  assert.equal(
    statusLine({ downRate: 92_005_000, upRate: 1_000 }, rows),
    "[2] film 2 12 % 92 MB/s 2 min left   [3] film 3 12 % 5 kB/s   and 1 more   ↓ 92 MB/s ↑ 1 kB/s",
  );
  assert.equal(statusLine({}, [row(1, { wanted: 0, have: 0 })]), "[1] film 1 waits");
});

test("nothing is shown when nothing goes on", () => {
  assert.equal(statusLine({ downRate: 0, upRate: 0 }, [row(1, { state: "seeding" })]), "");
});

test("names can't steer the terminal", () => {
  assert.ok(!statusLine({}, [row(1, { name: "a\u001b[2Jb\nc" })]).match(/[\u001b\n]/));
});

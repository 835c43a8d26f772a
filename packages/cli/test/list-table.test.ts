import assert from "node:assert/strict";
import { test } from "node:test";
import stringWidth from "string-width";

import { COLUMN_NAMES, PLAIN_COLUMNS, USUAL_COLUMNS } from "../dist/commands/transfers/columns.js";
import {
  chosen,
  listLines,
  parseColumns,
  parseSort,
  plainLines,
} from "../dist/commands/transfers/list-table.js";
import { createStyle } from "../dist/ui/style.js";

type Torrent = Parameters<typeof plainLines>[0][number];

const PLAIN = createStyle(false);

function torrent(id: number, name: string, fields: Partial<Torrent> = {}): Torrent {
  const known = {
    id,
    name,
    v1: "ab".repeat(20),
    v2: null,
    state: "downloading",
    wanted: 4_000_000_000,
    have: 1_000_000_000,
    downRate: 0,
    upRate: 0,
    etaMs: null,
    ratio: null,
    waiting: null,
    error: null,
    labels: [],
    ...fields,
  };
  // What the table does not look at.
  return known as Partial<Torrent> as Torrent;
}

const LIST = [
  torrent(1, "A rather long name of something that has many words in it", {
    downRate: 11_200_000,
    etaMs: 180_000,
  }),
  torrent(2, "夏休み", {
    state: "paused",
    waiting: { code: "paused-by-you", message: "you\u001b[2J paused it", action: "" },
  }),
  torrent(3, "films", {
    state: "error",
    have: 4_000_000_000,
    error: { code: "ERR_DISK", message: "the disk is gone" },
    labels: ["x"],
  }),
];
const ALL = { state: null, label: null, sort: null };

test("listLines: fits every width, cleans names, and says why below those that wait", () => {
  for (const width of [40, 80, 200]) {
    const lines = listLines(LIST, USUAL_COLUMNS, width, PLAIN);
    assert.equal(lines.length, 1 + LIST.length + 2);
    for (const line of lines) assert.ok(stringWidth(line) <= width, `${width}: ${line}`);
    assert.equal(lines[3], "      you\ufffd[2J paused it");
  }
  const [heading, first] = listLines(LIST, USUAL_COLUMNS, 80, PLAIN);
  assert.match(heading!, /NAME +SIZE +DONE +DOWN +UP +LEFT +STATE/);
  assert.match(first!, /^1 {2}A rather.*….* 4 GB +25 % +11\.2 MB\/s +3 min +downloading$/);
});

test("plainLines: tabs, whole numbers, the reason in a column", () => {
  const [heading, first, second] = plainLines(LIST, PLAIN_COLUMNS);
  assert.equal(heading, "ID\tNAME\tSIZE\tDONE\tDOWN\tUP\tLEFT\tSTATE\tWHY");
  assert.equal(first, `1\t${LIST[0]!.name}\t4000000000\t25 %\t11200000\t0\t180000\tdownloading\t`);
  assert.match(second!, /\tpaused\tyou\ufffd\[2J paused it$/);
});

test("chosen: by state and label, sorted by a column up and down", () => {
  const ids = (wish: Partial<Parameters<typeof chosen>[1]>): number[] =>
    chosen(LIST, { ...ALL, ...wish }).map(({ id }) => id);
  assert.deepEqual(ids({}), [1, 2, 3]);
  assert.deepEqual(ids({ state: "failed" }), [3]);
  assert.deepEqual(ids({ state: "paused" }), [2]);
  assert.deepEqual(ids({ state: "waiting" }), [2, 3]);
  assert.deepEqual(ids({ label: "x" }), [3]);
  assert.deepEqual(ids({ sort: parseSort("-done") }), [3, 1, 2]);
  assert.deepEqual(ids({ sort: parseSort("name") }), [1, 3, 2]);
  for (const name of COLUMN_NAMES) assert.equal(parseColumns(name)[0], name);
  assert.throws(() => parseColumns("id,nonsense"), /"nonsense" is no column; there are id, name/);
  assert.throws(() => parseSort("constructor"), /is no column/);
});

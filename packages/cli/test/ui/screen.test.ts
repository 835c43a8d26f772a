import assert from "node:assert/strict";
import { test } from "node:test";

import { qrLines } from "../../dist/commands/send/view.js";
import { LiveArea } from "../../dist/ui/live.js";
import { createStyle, wantsColor } from "../../dist/ui/style.js";
import { flow, renderTable, truncate, truncateMiddle, wrap } from "../../dist/ui/table.js";
import { Screen } from "../screen.js";

const COLUMNS = [
  { heading: "NAME", align: "left" },
  { heading: "SIZE", align: "right" },
] as const;

test("renderTable: aligned by what a terminal shows, tabs for programs", () => {
  const rows = [
    ["夏", "1 kB"],
    ["ab", "100 MB"],
  ];
  assert.deepEqual(renderTable(COLUMNS, rows), ["NAME    SIZE", "夏      1 kB", "ab    100 MB"]);
  assert.deepEqual(renderTable(COLUMNS, rows, true), ["NAME\tSIZE", "夏\t1 kB", "ab\t100 MB"]);
});

test("truncate: counts wide characters as two", () => {
  assert.equal(truncate("abcdef", 6), "abcdef");
  assert.equal(truncate("abcdefg", 6), "abcde…");
  assert.equal(truncate("夏休み休", 5), "夏休…");
  assert.equal(truncateMiddle("folder/very/long/name.txt", 13), "folder…me.txt");
});

test("wrap: breaks between words only", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("extraordinarily", 4), ["extraordinarily"]);
  assert.deepEqual(wrap("", 4), []);
});

test("flow: what follows a head, in lines that fit, four at most", () => {
  assert.deepEqual(flow("head  ", ["one", "two"], ", ", 40), ["head  one, two"]);
  assert.deepEqual(flow("head  ", ["one two", "three four", "five"], ", ", 21), [
    "head  one two,",
    "      three four,",
    "      five",
  ]);
  assert.deepEqual(flow("head  ", [], ", ", 40), ["head"]);
  const many = flow("head  ", "word ".repeat(99).split(" "), " ", 30);
  assert.equal(many.length, 4);
  assert.ok(many.at(-1)!.endsWith("…"));
  assert.deepEqual(
    flow("head  ", ["one", "two"], " ", 40, (text) => `<${text}>`),
    ["head  <one two>"],
  );
});

test("wantsColor: --color beats NO_COLOR, NO_COLOR beats the terminal", () => {
  assert.equal(wantsColor("auto", true, {}), true);
  assert.equal(wantsColor("auto", false, {}), false);
  assert.equal(wantsColor("auto", true, { NO_COLOR: "1" }), false);
  assert.equal(wantsColor("auto", true, { NO_COLOR: "" }), true);
  assert.equal(wantsColor("auto", true, { TERM: "dumb" }), false);
  assert.equal(wantsColor("always", false, { NO_COLOR: "1" }), true);
  assert.equal(wantsColor("never", true, {}), false);
  assert.equal(createStyle(false).bad("x"), "x");
  assert.equal(createStyle(true).bad("x"), "\u001b[31mx\u001b[39m");
});

test("LiveArea: redraws in place; what is written above stays", () => {
  const screen = new Screen(20);
  let now = 0;
  const live = new LiveArea(screen, () => now);
  live.set(["bar 1", "second"]);
  live.above(() => screen.write("log line\n"));
  now = 1000;
  live.set(["bar 2"]);
  assert.deepEqual(screen.lines, ["log line", "bar 2"]);
  live.clear();
  assert.deepEqual(screen.lines, ["log line"]);
  assert.equal(screen.cursorHidden, false);
});

test("LiveArea: a frame that comes too soon is dropped, a forced one is not", () => {
  const screen = new Screen(20);
  const live = new LiveArea(screen, () => 0);
  live.set(["first"]);
  live.set(["too soon"]);
  assert.deepEqual(screen.lines, ["first"]);
  live.set(["forced"], true);
  assert.deepEqual(screen.lines, ["forced"]);
});

test("LiveArea: lines never wrap", () => {
  const screen = new Screen(20);
  const live = new LiveArea(screen, () => 0);
  live.set(["x".repeat(50)]);
  assert.deepEqual(screen.lines, [`${"x".repeat(18)}…`]);
});

test("LiveArea: on a narrow terminal the bar shrinks first, then the last parts go", () => {
  const line = `   ${"█".repeat(10)}${"░".repeat(10)}    50 %   11.2 MB/s   3 min left   from 1 person`;
  const shown = (columns: number): string => {
    const screen = new Screen(columns);
    new LiveArea(screen, () => 0).set([line]);
    return screen.lines[0] ?? "";
  };
  assert.equal(shown(80), line);
  assert.equal(
    shown(63),
    `   ${"█".repeat(5)}${"░".repeat(5)}    50 %   11.2 MB/s   3 min left   from 1 person`,
  );
  assert.equal(shown(44), "   ███░░░    50 %   11.2 MB/s   3 min left");
  assert.equal(shown(30), "   ███░░░    50 %   11.2 MB/s");
  assert.equal(shown(14), "   ███░░░");
});

test("qrLines: a code when there is room, a sentence when not", () => {
  const magnet = `magnet:?xt=urn:btih:${"a".repeat(40)}`;
  const lines = qrLines(magnet, 80);
  assert.ok(lines.length > 10);
  assert.match(lines.join(""), /^[ ▀▄█]+$/);
  assert.match(qrLines(magnet, 20)[0] ?? "", /needs \d+ columns/);
});

test("LiveArea: a terminal that says 0 columns is as wide as most", () => {
  const written: string[] = [];
  const sink = { write: (text: string | Uint8Array) => written.push(String(text)), columns: 0, rows: 0 };
  new LiveArea(sink, () => 0).set(["x".repeat(60)]);
  assert.ok(written.join("").includes("x".repeat(60)));
});

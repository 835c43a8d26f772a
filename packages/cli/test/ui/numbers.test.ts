import assert from "node:assert/strict";
import { test } from "node:test";

import { bar } from "../../dist/ui/bar.js";
import { formatDuration, formatRough, parseWait } from "../../dist/ui/durations.js";
import { progressText, Speedometer } from "../../dist/ui/progress.js";
import {
  count,
  formatBinarySize,
  formatPercent,
  formatRate,
  formatSize,
  parseBinarySize,
} from "../../dist/ui/sizes.js";
import { createStyle } from "../../dist/ui/style.js";

test("formatSize: decimal units, three digits", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [1250, "1.3 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_999, "1 MB"],
    [38_400_000, "38.4 MB"],
    [4_100_000_000, "4.1 GB"],
    [211e9, "211 GB"],
    [-5, "0 B"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatSize(bytes), text, String(bytes));
  assert.equal(formatRate(11_200_000), "11.2 MB/s");
  assert.equal(formatBinarySize(262_144), "256 KiB");
  assert.equal(formatBinarySize(1_048_576), "1 MiB");
});

test("parseBinarySize: what people write for piece sizes", () => {
  for (const text of ["1M", "1m", "1MiB", "1 MB", "1048576", "1024K"])
    assert.equal(parseBinarySize(text), 1_048_576, text);
  for (const text of ["", "M", "1.5M", "-1", "1T", "1e6", "0x10"])
    assert.equal(parseBinarySize(text), null, text);
});

test("formatPercent: 100 only when all is there", () => {
  assert.equal(formatPercent(0.9999), "99 %");
  assert.equal(formatPercent(1), "100 %");
  assert.equal(formatPercent(0.5), "50 %");
});

test("count: singular, plural, thousands", () => {
  assert.equal(count(1, "file"), "1 file");
  assert.equal(count(0, "file"), "0 files");
  assert.equal(count(1_234_567, "person", "people"), "1,234,567 people");
});

test("durations: written and read", () => {
  assert.equal(formatDuration(381_000), "6 min 21 s");
  assert.equal(formatDuration(60_000), "1 min");
  assert.equal(formatDuration(1), "1 s");
  assert.equal(formatDuration(11_100_000), "3 h 5 min");
  assert.equal(formatDuration(2 * 86_400_000 + 4 * 3_600_000), "2 d 4 h");
  assert.equal(formatRough(58_000), "58 s");
  assert.equal(formatRough(180_000), "3 min");
  assert.equal(parseWait("30s"), 30_000);
  assert.equal(parseWait("30"), 30_000);
  assert.equal(parseWait("1.5m"), 90_000);
  assert.equal(parseWait("500ms"), 500);
  for (const text of ["", "0", "s", "-3s", "3 weeks", "1e9d", "25d"])
    assert.equal(parseWait(text), null, text);
});

test("bar: never full before the end, never longer than asked", () => {
  assert.equal(bar(0, 5), "░░░░░");
  assert.equal(bar(0.5, 4), "██░░");
  assert.equal(bar(0.999, 5), "████░");
  assert.equal(bar(1, 5), "█████");
  assert.equal(bar(7, 5), "█████");
  assert.equal(bar(Number.NaN, 3), "░░░");
});

test("progressText: leaves out what is not known", () => {
  const plain = createStyle(false);
  assert.equal(
    progressText({ done: 38, total: 100, rate: 11.2e6, etaMs: 180_000 }, plain),
    `${bar(0.38)}  38 %   11.2 MB/s   3 min left`,
  );
  assert.equal(progressText({ done: 0, total: 100, rate: null, etaMs: null }, plain), `${bar(0)}   0 %`);
  assert.equal(
    progressText({ done: 100, total: 100, rate: 1e6, etaMs: 0 }, plain),
    `${bar(1)} 100 %   1 MB/s`,
  );
});

test("Speedometer: tells nothing before it knows, then the rate of the last seconds", () => {
  const speed = new Speedometer();
  speed.sample(0, 0);
  assert.equal(speed.rate, null);
  speed.sample(1000, 1_000_000);
  assert.equal(speed.rate, 1_000_000);
  assert.equal(speed.etaMs(3_000_000), 2000);
  for (let at = 2000; at <= 20_000; at += 1000) speed.sample(at, 1_000_000 + at * 10);
  assert.equal(Math.round(speed.rate ?? 0), 10_000);
});

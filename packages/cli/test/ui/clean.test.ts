import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, cleanShort, safeJson } from "../../dist/ui/clean.js";

test("clean: escape sequences, line breaks and bidi controls become one visible character each", () => {
  assert.equal(clean("a\u001b[31mred\u001b[0m\n"), "a\ufffd[31mred\ufffd[0m\ufffd");
  assert.equal(clean("photo\u202egpj.exe"), "photo\ufffdgpj.exe");
  assert.equal(clean("csi\u009b2J"), "csi\ufffd2J");
  assert.equal(clean("\u2066a\u2069\u200f\u2028\u0000\u007f"), "\ufffda\ufffd\ufffd\ufffd\ufffd\ufffd");
});

test("clean: ordinary text of any script stays, emoji too", () => {
  for (const text of ["Ferien 2024 – Köln.jpg", "夏休み.mp4", "עברית", "👩‍👩‍👧 family", "tab-free"]) {
    assert.equal(clean(text), text);
  }
});

test("clean: a lone surrogate is replaced, a pair stays", () => {
  assert.equal(clean("a\ud800b"), "a\ufffdb");
  assert.equal(clean("a\udc00b"), "a\ufffdb");
  assert.equal(clean("\u{1f600}"), "\u{1f600}");
});

test("cleanShort: cuts by characters and says so", () => {
  assert.equal(cleanShort("abcdef", 4), "abc…");
  assert.equal(cleanShort("abcd", 4), "abcd");
  assert.equal(cleanShort("😀".repeat(500), 10), `${"😀".repeat(9)}…`);
});

test("safeJson: parses back to the same value and holds no raw control character", () => {
  const value = { name: "a\u001b]0;x\u0007\u009b\u202e\ud800" };
  const text = safeJson(value);
  assert.deepEqual(JSON.parse(text), value);
  assert.match(text, /^[ -~]*$/);
});

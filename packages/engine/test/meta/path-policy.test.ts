import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8 } from "../../dist/base/bytes.js";
import type { LayoutEntry } from "../../dist/meta/layout.js";
import { padEntry } from "../../dist/meta/layout.js";
import { literalPaths, MAX_COMPONENT_BYTES, safeComponent, safePaths } from "../../dist/meta/path-policy.js";

function file(...path: string[]): LayoutEntry {
  return { ...padEntry(1), path, pad: false };
}

/** Pieces of which hostile names are made; whole names come from gluing some together. */
const nasty = fc.oneof(
  fc.constantFrom(
    "",
    ".",
    "..",
    "/",
    "\\",
    "\0",
    "C:",
    "\\\\server\\share",
    "a:stream",
    "con",
    "CON.txt",
    "nul .tar.gz",
    "COM1",
    "lpt²",
    " ",
    "x ",
    "x.",
    "x. .",
    "\u202egnp.exe",
    "\u0007",
    "\u009b",
    "é",
    "e\u0301",
    "É",
    "straße",
    "STRASSE",
    "\ud800",
    "a".repeat(300) + ".flac",
    "ä".repeat(200),
    "con" + " ".repeat(300) + "x",
    "con" + " ".repeat(236) + "x",
    "name." + "e".repeat(300),
    "?",
    "*",
    "<a>",
    "|",
    '"',
    "~",
    "$MFT",
    ".hidden",
    "foo",
    "FOO",
    "foo.1",
  ),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
);
const component = fc.oneof(
  nasty,
  fc.array(nasty, { maxLength: 3 }).map((parts) => parts.join("")),
);

function assertSafe(name: string): void {
  assert.notEqual(name, "");
  assert.doesNotMatch(name, /^\.{1,2}$/);
  assert.doesNotMatch(name, /[/\\<>:"|?*]/);
  assert.doesNotMatch(name, /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
  assert.doesNotMatch(name, /[. ]$/);
  assert.doesNotMatch(name, /^(?:con|prn|aux|nul|com\d|lpt\d) *(?:\.|$)/i);
  assert.ok(utf8(name).length <= MAX_COMPONENT_BYTES, `${utf8(name).length} bytes`);
  assert.equal(new TextDecoder().decode(utf8(name)), name);
}

test("a component becomes one safe component, and a safe one stays", () => {
  fc.assert(
    fc.property(component, (text) => {
      const safe = safeComponent(text);
      assertSafe(safe);
      assert.equal(safeComponent(safe), safe);
    }),
    { numRuns: 2000 },
  );
});

test("paths stay inside, differ without regard to case and form, and depend on nothing but the input", () => {
  const paths = fc.array(fc.array(component, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(component, paths, (name, list) => {
      const files = list.map((path) => file(...path));
      const safe = safePaths(name, true, files);
      assert.equal(safe.paths.length, files.length);
      const seen = new Set<string>();
      const folders = new Set<string>();
      safe.paths.forEach((path, i) => {
        const parts = path.split("/");
        parts.forEach(assertSafe);
        assert.equal(parts.length, (list[i] as string[]).length + 1);
        assert.equal(parts[0], safeComponent(name));
        const key = path.normalize("NFC").toLowerCase();
        assert.ok(!seen.has(key), `${path} twice`);
        seen.add(key);
        for (let depth = 1; depth < parts.length; depth++)
          folders.add(parts.slice(0, depth).join("/").normalize("NFC").toLowerCase());
      });
      for (const path of seen) assert.ok(!folders.has(path), `${path} is a file and a folder`);
      assert.deepEqual(safePaths(name, true, files), safe);
      for (const { index, from, to } of safe.changed) {
        assert.notEqual(from, to);
        assert.equal(to, safe.paths[index]);
      }
    }),
    { numRuns: 500 },
  );
});

test("hostile names land inside the torrent's folder", () => {
  const { paths } = safePaths("temp", true, [
    file("..", "..", "bar"),
    file("/etc", "passwd"),
    file("C:\\Windows", "x"),
    file("abc/../../def", "/", "bar"),
    file(""),
    file(""),
    file("con.txt"),
    file("a:stream"),
    file("x. ."),
    file("\u202egnp.exe"),
  ]);
  assert.deepEqual(paths, [
    "temp/_/_/bar",
    "temp/etc/passwd",
    "temp/C_Windows/x",
    "temp/abc....def/_/bar",
    "temp/_.1",
    "temp/_.2",
    "temp/_con.txt",
    "temp/a_stream",
    "temp/x",
    "temp/_gnp.exe",
  ]);
});

test("collisions get numbers before the extension, in file order", () => {
  const { paths, changed } = safePaths("t", true, [
    file("bar.txt"),
    file("BAR.TXT"),
    file("bar.1.txt"),
    file("bar.txt"),
    file("bar.txt", "inner"),
    file("Caf\u00e9"),
    file("cafe\u0301"),
  ]);
  assert.deepEqual(paths, [
    "t/bar.1.txt",
    "t/BAR.2.TXT",
    "t/bar.1.1.txt",
    "t/bar.3.txt",
    "t/bar.txt/inner",
    "t/Caf\u00e9",
    "t/cafe\u0301.1",
  ]);
  assert.deepEqual(
    changed.map(({ index }) => index),
    [0, 1, 2, 3, 6],
  );
});

test("folders that differ in case only are one", () => {
  assert.deepEqual(safePaths("t", true, [file("Foo", "a"), file("foo", "b"), file("FOO", "A")]).paths, [
    "t/Foo/a",
    "t/Foo/b",
    "t/Foo/A.1",
  ]);
});

test("a long name keeps its extension and whole characters", () => {
  const name = safeComponent("\u{1f600}".repeat(100) + ".tar.zst");
  assert.ok(name.endsWith(".zst"));
  assert.equal(utf8(name).length, 240);
  const { paths } = safePaths("t", true, [file("a".repeat(400) + ".mp3"), file("a".repeat(500) + ".mp3")]);
  assert.equal(paths[1], `t/${"a".repeat(234)}.1.mp3`);
});

test("a single file takes the torrent's name, and pads don't count", () => {
  assert.deepEqual(safePaths("a.bin", false, [file("other"), padEntry(5)]).paths, ["a.bin", ".pad/5"]);
  assert.deepEqual(safePaths("t", true, [file("a"), padEntry(5), padEntry(5)]).changed, []);
});

test("many equal names cost no more than their number", () => {
  const files = Array.from({ length: 20_000 }, (_, i) =>
    file(i % 2 === 0 ? `x${"?*|<>".charAt(i % 5)}` : `x_.${i}`),
  );
  const started = performance.now();
  assert.equal(new Set(safePaths("t", true, files).paths).size, files.length);
  assert.ok(performance.now() - started < 5_000);
});

test("literal paths keep odd but harmless names", () => {
  assert.deepEqual(literalPaths("t", true, [file("what?.mp3"), file("..", "x"), file("a/b")]), [
    "t/what?.mp3",
    "t/_/x",
    "t/ab",
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quoteWord, splitLine } from "../../dist/shell/split-line.js";

test("blanks part words, quotes and backslashes hold them together", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["  list   --json ", ["list", "--json"]],
    ["get \"my film.torrent\" -o 'a b'", ["get", "my film.torrent", "-o", "a b"]],
    ["send a\\ b", ["send", "a b"]],
    ['send "a \\"b\\""', ["send", 'a "b"']],
    ["send 'a\\b' C:\\films\\x", ["send", "a\\b", "C:\\films\\x"]],
    ['x""y ""', ["xy", ""]],
    ["list # everything", ["list"]],
    ["show a#b", ["show", "a#b"]],
    ["# a comment", []],
    ["", []],
  ];
  for (const [line, words] of cases) assert.deepEqual(splitLine(line).words, words, line);
});

test("what is open at the end is told, for Tab and for mistakes", () => {
  assert.equal(splitLine("list ").isOpen, false);
  assert.equal(splitLine("lis").isOpen, true);
  assert.deepEqual([splitLine('get "a b').quote, splitLine('get "a b').words], ['"', ["get", "a b"]]);
  assert.equal(splitLine("get 'a b").lastStart, 4);
  assert.equal(splitLine("get ab").lastStart, 4);
});

test("every word comes back from its quotes", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }), (words) => {
      assert.deepEqual(splitLine(words.map(quoteWord).join(" ")).words, words);
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { parsePriority } from "../dist/commands/get/priority-rule.js";
import { makeSelection, makeWishes, unmatchedFlags } from "../dist/commands/get/selection.js";
import { CliError } from "../dist/errors.js";

const FILES = ["Trip/readme.txt", "Trip/day 1/a.JPG", "Trip/day 1/b.png", "Trip/day 2/c.jpg", "Trip/.hidden"];

function chosen(...patterns: string[]): string[] {
  const selection = makeSelection(patterns);
  return FILES.filter((path, at) => selection(at + 1, path));
}

test("without --select everything is wanted", () => {
  assert.deepEqual(chosen(), FILES);
});

test("a pattern without a slash is compared with names in every folder, case aside", () => {
  assert.deepEqual(chosen("*.jpg"), ["Trip/day 1/a.JPG", "Trip/day 2/c.jpg"]);
  assert.deepEqual(chosen(".h*"), ["Trip/.hidden"]);
  assert.deepEqual(chosen("*.{txt,png}"), ["Trip/readme.txt", "Trip/day 1/b.png"]);
});

test("a pattern with a slash is compared with the path, with and without the torrent's folder", () => {
  assert.deepEqual(chosen("day 1/*"), ["Trip/day 1/a.JPG", "Trip/day 1/b.png"]);
  assert.deepEqual(chosen("Trip/day 2/**"), ["Trip/day 2/c.jpg"]);
  assert.deepEqual(chosen("**/c.jpg"), ["Trip/day 2/c.jpg"]);
});

test("the name of a folder means what is in it, and a pattern with wildcards is about files", () => {
  assert.deepEqual(chosen("day 1"), ["Trip/day 1/a.JPG", "Trip/day 1/b.png"]);
  assert.deepEqual(chosen("Day 2/"), ["Trip/day 2/c.jpg"]);
  assert.deepEqual(chosen("Trip/day 2/"), ["Trip/day 2/c.jpg"]);
  assert.deepEqual(chosen("d*"), []);
  assert.throws(() => makeSelection([""]), /--select needs a pattern/);
});

test("flags that fit no file are named as they were written", () => {
  const rules = ["*.jpg=high", "*.nothing=skip"].map(parsePriority);
  assert.deepEqual(unmatchedFlags(["*.png", "99"], rules, FILES), [
    "--select 99",
    "--priority *.nothing=skip",
  ]);
});

test("numbers choose by place, several flags add up", () => {
  assert.deepEqual(chosen("1,3-4"), [FILES[0], FILES[2], FILES[3]]);
  assert.deepEqual(chosen("5", "*.txt"), [FILES[0], FILES[4]]);
  assert.throws(() => makeSelection(["0"]), CliError);
  assert.throws(() => makeSelection(["4-2"]), CliError);
});

function wished(patterns: readonly string[], ...words: readonly string[]): number[] {
  const wishes = makeWishes(patterns, words.map(parsePriority));
  return FILES.map((path, at) => wishes(at + 1, path, at));
}

test("what the link chooses counts by place in the torrent, until --select says something else", () => {
  const wishes = (...patterns: string[]): number[] => {
    const wish = makeWishes(patterns, [parsePriority("*.jpg=high")], (index) => index > 2);
    // Pads stand between.
    return FILES.map((path, at) => wish(at + 1, path, 2 * at));
  };
  assert.deepEqual(wishes(), [0, 0, 4, 7, 4]);
  assert.deepEqual(wishes("1,2"), [4, 7, 0, 0, 0]);
});

test("priorities are given by pattern or number, the last one counts, and nothing that is left out comes back", () => {
  assert.deepEqual(wished([]), [4, 4, 4, 4, 4]);
  assert.deepEqual(wished([], "*.jpg=high", "4=low", ".h*=skip"), [4, 7, 4, 1, 0]);
  assert.deepEqual(wished(["*.jpg"], "*=high"), [0, 7, 0, 7, 0]);
  assert.deepEqual(wished([], "*=skip", "*.png=normal"), [0, 0, 4, 0, 0]);
  for (const word of ["*.jpg", "=high", "a=urgent", "a=", "a=toString"])
    assert.throws(() => parsePriority(word), /^Error: write GLOB=high/, word);
  assert.throws(() => wished([], "0=high"), /--priority/);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { findTarget, findTargets, type Named } from "../dist/commands/transfers/targets.js";
import { CliError } from "../dist/errors.js";

function torrent(id: number, name: string, fields: Partial<Named> = {}): Named {
  const v1 = `${String(id).padStart(4, "0")}${"ab".repeat(18)}`;
  return { id, name, v1, v2: null, labels: [], state: "seeding", downRate: 0, upRate: 0, ...fields };
}

const LIST: readonly Named[] = [
  torrent(1, "hello"),
  torrent(2, "twin", { labels: ["films"], state: "error" }),
  torrent(3, "7"),
  torrent(4, "twin", { downRate: 5 }),
  torrent(7, "abcdef", { v1: `99${"0".repeat(38)}`, v2: `beef${"12".repeat(30)}` }),
  torrent(9, "3-4", { labels: ["films"], v1: `99${"0".repeat(37)}1` }),
];

function ids(...words: string[]): readonly number[] {
  const { found, missing } = findTargets(words, LIST);
  assert.deepEqual(missing, [], words.join(" "));
  return found.map(({ id }) => id);
}

function complaint(word: string): string {
  const { found, missing } = findTargets([word], LIST);
  assert.deepEqual(found, []);
  assert.equal(missing[0]?.exit, "notFound");
  return `${missing[0]?.message}. ${missing[0]?.advice}`;
}

test("targets: numbers, ranges, names, info-hashes, labels and sets, each once and in order", () => {
  assert.deepEqual(ids("4", "1,2-3", "1"), [1, 2, 3, 4]);
  assert.deepEqual(ids("hello"), [1]);
  assert.deepEqual(ids("BEEF1212"), [7]);
  assert.deepEqual(ids("0001ab"), [1]);
  assert.deepEqual(ids("@films"), [2, 9]);
  assert.deepEqual(ids("failed"), [2]);
  assert.deepEqual(ids("active"), [4]);
  assert.deepEqual(ids("ALL").length, LIST.length);
});

test("targets: what looks like a number is one first, then a name, then an info-hash", () => {
  assert.deepEqual(ids("7"), [7]);
  assert.deepEqual(ids("3-4"), [3, 4]);
  assert.deepEqual(findTargets(["7"], LIST.slice(0, 3)).found, [LIST[2]]);
  assert.deepEqual(ids(`99${"0".repeat(37)}1`), [9]);
  assert.deepEqual(ids("abcdef"), [7]);
});

test("targets: what names nothing or several is told with what was meant", () => {
  assert.match(complaint("helo"), /no transfer "helo"\. Did you mean "hello"\?/);
  assert.match(complaint("twin"), /name of 2 transfers: 2 \(twin\), 4 \(twin\)\. Name one by its number/);
  assert.match(complaint("990000"), /begins the info-hash of 2 transfers: 7 \(abcdef\), 9 \(3-4\)/);
  assert.match(complaint("@music"), /label "music"\. Labels there are: films/);
  assert.match(complaint("%team"), /no group "team"/);
  assert.match(complaint("12"), /no transfer "12"\. See what there is with: shoal list/);
  assert.match(complaint("ab\u001b[2J"), /ab\ufffd\[2J/);
  assert.match(complaint("__proto__"), /no transfer/);
});

test("targets: of several numbers the ones that exist are found", () => {
  const { found, missing } = findTargets(["1,5,20-30"], LIST);
  assert.deepEqual([found.map(({ id }) => id), missing.length], [[1], 2]);
});

test("findTarget: exactly one", () => {
  assert.equal(findTarget("hello", LIST).id, 1);
  for (const word of ["all", "@films", "1-2", "nothing"]) {
    assert.throws(
      () => findTarget(word, LIST),
      (error) => error instanceof CliError && error.exit === "notFound",
    );
  }
  assert.throws(() => findTarget("failed", LIST.slice(0, 1)), /No transfer is "failed"/);
});

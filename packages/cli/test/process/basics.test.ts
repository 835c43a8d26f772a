import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { BIN, parseLines, Place } from "./shoal.ts";

test("--version, -V and version print one line", async () => {
  await using place = new Place();
  for (const words of [["--version"], ["-V"], ["version"], ["-q", "version"]]) {
    const { code, stdout, stderr } = await place.run(...words);
    assert.equal(code, 0);
    assert.match(stdout, /^shoal \d+\.\d+\.\d+\n$/);
    assert.equal(stderr, "");
  }
});

test("bare shoal shows the start screen on stdout, without colour in a pipe", async () => {
  await using place = new Place();
  const { code, stdout, stderr } = await place.run();
  assert.equal(code, 0);
  assert.ok(stdout.split("\n").length <= 13);
  assert.match(stdout, /shoal send PATH/);
  assert.equal(stderr, "");
  assert.ok(!stdout.includes("\u001b"));
  assert.ok((await place.run("--color", "always")).stdout.includes("\u001b[1m"));
});

test("help by command, by flag and by noun is the same page", async () => {
  await using place = new Place();
  const page = await place.run("help", "torrent", "create");
  assert.equal(page.code, 0);
  assert.match(page.stdout, /^shoal torrent create: /);
  assert.deepEqual(await place.run("torrent", "create", "--help"), page);
  assert.equal((await place.run("help", "nonsense")).code, 2);
});

test("an unknown word ends with 2 and names the nearest command", async () => {
  await using place = new Place();
  const { code, stdout, stderr } = await place.run("sned", "x");
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(stderr, '"sned" is not a command, a link or a file. Did you mean: shoal send?\n');
});

test("an unknown word after a noun is met with the nearest command of it", async () => {
  await using place = new Place();
  const { code, stderr } = await place.run("torrent", "creat", "x");
  assert.equal(code, 2);
  assert.equal(stderr, '"creat" is not a command of shoal torrent. Did you mean: shoal torrent create?\n');
});

test("an existing path without a terminal is a usage error that names shoal send", async () => {
  await using place = new Place();
  writeFileSync(place.path("notes.txt"), "x");
  const { code, stderr } = await place.run("notes.txt");
  assert.equal(code, 2);
  assert.match(stderr, /shoal send notes\.txt/);
});

test("a bare link means get", async () => {
  await using place = new Place();
  const { code, stderr } = await place.run("magnet:?xt=nonsense");
  assert.equal(code, 2);
  assert.match(stderr, /^The magnet link magnet:\?xt=nonsense can't be used: /);
  assert.equal((await place.run("missing.torrent", "--once")).code, 10);
});

test("with --json an error is one object on stdout with a stable code", async () => {
  await using place = new Place();
  const { code, stdout } = await place.run("--json", "torrent", "info", "missing.torrent");
  assert.equal(code, 10);
  assert.deepEqual(parseLines(stdout), [
    {
      schema: 1,
      event: "error",
      code: "ERR_FILE_NOT_FOUND",
      message: "missing.torrent does not exist. Check the spelling.",
    },
  ]);
  const usage = await place.run("get", "--json");
  assert.equal(usage.code, 2);
  assert.equal(parseLines(usage.stdout)[0]?.["code"], "ERR_USAGE");
});

test("a reader that goes away is no crash", async () => {
  await using place = new Place();
  const running = place.start("help");
  running.child.stdout?.destroy();
  const { code, stderr } = await running.ended;
  assert.equal(code, 0);
  assert.equal(stderr, "");
});

test("a result that can't be written is a failure", { skip: !existsSync("/dev/full") }, () => {
  for (const words of ["help", "help --json", "version --json", "--version"]) {
    const line = `"${process.execPath}" "${BIN}" ${words} > /dev/full`;
    const { status, stderr } = spawnSync("sh", ["-c", line], { encoding: "utf8" });
    assert.notEqual(status, 0, words);
    if (words !== "--version") assert.match(stderr, /^The output can't be written: the disk is full\.$/m);
  }
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { parseLines, Place } from "./shoal.ts";

function song(place: Place): void {
  writeFileSync(place.path("song.mp3"), "la".repeat(20_000));
}

test("create -o FOLDER writes into the folder; a folder that isn't there is told before the hashing", async () => {
  await using place = new Place();
  song(place);
  mkdirSync(place.path("out"));
  for (const folder of ["out", "out/"]) {
    const { code, stdout } = await place.run("torrent", "create", "song.mp3", "-o", folder);
    assert.equal(code, 0, folder);
    assert.equal(stdout, `${place.path("out/song.mp3.torrent")}\n`);
  }
  for (const [target, sentence] of [
    ["gone/", /gone does not exist/],
    ["gone/x.torrent", /gone does not exist/],
    ["song.mp3/x.torrent", /song\.mp3 is not a folder/],
  ] as const) {
    const { code, stderr } = await place.run("torrent", "create", "song.mp3", "-o", target);
    assert.equal(code, 10, target);
    assert.match(stderr, sentence);
  }
  assert.ok(!existsSync(place.path("gone")));
});

test("create -o to a pipe or device writes into it and leaves it what it is", async () => {
  await using place = new Place();
  song(place);
  const plain = await place.run("torrent", "create", "song.mp3", "-o", "plain.torrent");
  assert.equal(plain.code, 0);
  execFileSync("mkfifo", [place.path("pipe")]);
  const reader = place.start("torrent", "info", "pipe", "--json=name");
  const { code } = await place.run("torrent", "create", "song.mp3", "-o", "pipe", "--overwrite");
  assert.equal(code, 0);
  assert.deepEqual(parseLines((await reader.ended).stdout), [{ schema: 1, name: "song.mp3" }]);
  assert.ok(statSync(place.path("pipe")).isFIFO());
  if (existsSync("/dev/full")) {
    const full = await place.run("torrent", "create", "song.mp3", "-o", "/dev/full");
    assert.equal(full.code, 9);
    assert.match(full.stderr, /\/dev\/full can't be written: the disk is full/);
  }
});

test("create: --json has stdout for itself, and says what was left out", async () => {
  await using place = new Place();
  mkdirSync(place.path("Trip/empty"), { recursive: true });
  writeFileSync(place.path("Trip/a"), "a");
  const both = await place.run("torrent", "create", "Trip", "-o", "-", "--json");
  assert.equal(both.code, 2);
  assert.equal(parseLines(both.stdout)[0]?.["code"], "ERR_USAGE");
  const twice = ["--tracker", "http://t.example/a", "--tracker", "http://t.example/a"];
  const { stdout } = await place.run("torrent", "create", "Trip", "--json", ...twice);
  const [document] = parseLines(stdout);
  assert.deepEqual(document?.["warnings"], [`Left out empty folders, which torrents can't hold: "empty".`]);
  const bytes = readFileSync(place.path("Trip.torrent"), "latin1");
  assert.ok(!bytes.includes("announce-list"), "one tracker named twice is one tracker");
});

test("create: what can't be shared is named, with what to do", async () => {
  await using place = new Place();
  mkdirSync(place.path("hollow/inner"), { recursive: true });
  writeFileSync(place.path(String.raw`back\slash`), "x");
  const cases: [string[], RegExp][] = [
    [["hollow"], /hollow" has nothing to share/],
    [[""], /^The path is empty\. Name a file/],
    [[String.raw`back\slash`], /back\\slash has a backslash.*--name/],
    [["hollow", "--name", ".."], /^The name "\.\." can't be used/],
  ];
  for (const [words, sentence] of cases) {
    const { code, stderr } = await place.run("torrent", "create", ...words);
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, sentence);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

test("create names a file that changes while it is read", async () => {
  await using place = new Place();
  const path = place.path("log");
  writeFileSync(path, "");
  truncateSync(path, 300_000_000);
  const running = place.start("torrent", "create", "log", "-o", "log.torrent");
  let more = true;
  const writer = (async () => {
    for (let n = 0; more; n++) {
      writeFileSync(path, `${n}`, { flag: "a" });
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const { code, stderr } = await running.ended;
  more = false;
  await writer;
  assert.equal(code, 8);
  assert.match(stderr, /log changed while it was being read\. Try again when nothing writes to it\./);
  assert.ok(!existsSync(place.path("log.torrent")));
});

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { parseLines, Place } from "./shoal.ts";

function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 255);
}

function holiday(place: Place): void {
  mkdirSync(place.path("Holiday/sub"), { recursive: true });
  writeFileSync(place.path("Holiday/a.jpg"), bytes(100_000, 1));
  writeFileSync(place.path("Holiday/sub/b c.txt"), bytes(40_000, 2));
  writeFileSync(place.path("Holiday/sub/empty"), "");
}

const KEYS = [
  "name",
  "infoHashV1",
  "infoHashV2",
  "pieceLength",
  "pieceCount",
  "totalSize",
  "files",
  "trackers",
  "webSeeds",
  "private",
  "magnet",
];

test("create, info and magnet agree; the same input gives the same bytes", async () => {
  await using place = new Place();
  holiday(place);
  const tracker = "http://tracker.example/announce";
  const flags = ["--tracker", tracker, "--web-seed", "http://seed.example/", "--comment", "two weeks"];
  const created = await place.run("torrent", "create", "Holiday", "-o", "h.torrent", ...flags);
  assert.equal(created.code, 0, created.stderr);
  assert.equal(created.stdout, `${place.path("h.torrent")}\n`);
  const { code, stdout } = await place.run("torrent", "info", "h.torrent", "--json");
  assert.equal(code, 0);
  const info = parseLines(stdout)[0] ?? {};
  for (const key of KEYS) assert.ok(key in info, key);
  assert.equal(info["schema"], 1);
  assert.equal(info["name"], "Holiday");
  assert.match(String(info["infoHashV1"]), /^[0-9a-f]{40}$/);
  assert.match(String(info["infoHashV2"]), /^[0-9a-f]{64}$/);
  assert.equal(info["totalSize"], 140_000);
  assert.equal(info["pieceLength"], 16_384);
  assert.deepEqual(
    (info["files"] as { path: string; size: number }[]).toSorted((a, b) => b.size - a.size),
    [
      { path: "a.jpg", size: 100_000 },
      { path: "sub/b c.txt", size: 40_000 },
      { path: "sub/empty", size: 0 },
    ],
  );
  assert.deepEqual(info["trackers"], [[tracker]]);
  assert.deepEqual(info["webSeeds"], ["http://seed.example/"]);
  assert.equal(info["private"], false);
  assert.equal(info["createdAt"], null);
  assert.equal((await place.run("torrent", "magnet", "h.torrent")).stdout, `${String(info["magnet"])}\n`);
  await place.run("torrent", "create", "Holiday", "-o", "again.torrent", ...flags);
  assert.deepEqual(readFileSync(place.path("again.torrent")), readFileSync(place.path("h.torrent")));
});

test("--v1 and --v2 make what they say; absent hashes are null", async () => {
  await using place = new Place();
  holiday(place);
  for (const [flag, present, absent] of [
    ["--v1", "infoHashV1", "infoHashV2"],
    ["--v2", "infoHashV2", "infoHashV1"],
  ] as const) {
    const { code, stdout } = await place.run(
      "torrent",
      "create",
      "Holiday",
      flag,
      "-o",
      `${flag}.torrent`,
      "--json",
    );
    assert.equal(code, 0);
    const document = parseLines(stdout)[0] ?? {};
    assert.equal(document[absent], null);
    assert.match(String(document[present]), /^[0-9a-f]+$/);
  }
  const { code, stderr } = await place.run("torrent", "create", "Holiday", "--v1", "--v2");
  assert.equal(code, 2);
  assert.match(stderr, /exclude each other/);
});

test("create never replaces a file unasked, and writes to stdout with -o -", async () => {
  await using place = new Place();
  holiday(place);
  writeFileSync(place.path("h.torrent"), "mine");
  const refused = await place.run("torrent", "create", "Holiday", "-o", "h.torrent");
  assert.equal(refused.code, 11);
  assert.equal(readFileSync(place.path("h.torrent"), "utf8"), "mine");
  assert.equal((await place.run("torrent", "create", "Holiday", "-o", "h.torrent", "--overwrite")).code, 0);
  const piped = await place.run("torrent", "create", "Holiday", "--v1", "-o", "-");
  assert.match(piped.stdout, /^d/);
  const info = await place.runWithInput(
    readFileSync(place.path("h.torrent")),
    "torrent",
    "info",
    "-",
    "--json=name",
  );
  assert.deepEqual(parseLines(info.stdout), [{ schema: 1, name: "Holiday" }]);
});

test("info of a magnet link: what the link says, the rest null", async () => {
  await using place = new Place();
  const hash = "0123456789abcdef0123456789abcdef01234567";
  const link = `magnet:?xt=urn:btih:${hash.toUpperCase()}&dn=a%1bb&tr=http%3A%2F%2Ft.example%2Fa`;
  const { code, stdout } = await place.run("torrent", "info", link, "--json");
  assert.equal(code, 0);
  const info = parseLines(stdout)[0] ?? {};
  for (const key of KEYS) assert.ok(key in info, key);
  assert.equal(info["infoHashV1"], hash);
  assert.equal(info["infoHashV2"], null);
  assert.equal(info["files"], null);
  assert.deepEqual(info["trackers"], [["http://t.example/a"]]);
});

test("bad input: one sentence, the right code", async () => {
  await using place = new Place();
  writeFileSync(place.path("song.mp3"), "ID3 not a torrent");
  const cases: [string[], number, RegExp][] = [
    [["torrent", "info", "song.mp3"], 2, /^song\.mp3 is not a usable torrent: .*shoal send/],
    [["torrent", "info", "magnet:?dn=x"], 2, /^The magnet link magnet:\?dn=x can't be used: /],
    [["torrent", "magnet", "nope.torrent"], 10, /^nope\.torrent does not exist/],
    [["torrent", "create", "nope"], 10, /^nope does not exist/],
    [["torrent", "verify", "nope.torrent", "."], 10, /^nope\.torrent does not exist/],
    [["torrent", "create", "song.mp3", "-o", "no/such/dir.torrent"], 10, /no\/such does not exist/],
  ];
  for (const [words, expected, sentence] of cases) {
    const { code, stdout, stderr } = await place.run(...words);
    assert.equal(code, expected, words.join(" "));
    assert.match(stderr, sentence);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.equal(stdout, "");
  }
});

test("verify names what is missing, short or wrong, and ends with 8", async () => {
  await using place = new Place();
  holiday(place);
  await place.run("torrent", "create", "Holiday", "-o", "h.torrent");
  const good = await place.run("torrent", "verify", "h.torrent", ".");
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /all right/);
  const wrong = bytes(100_000, 1);
  wrong[70_000] = (wrong[70_000] ?? 0) ^ 1;
  writeFileSync(place.path("Holiday/a.jpg"), wrong);
  truncateSync(place.path("Holiday/sub/b c.txt"), 39_999);
  const bad = await place.run("torrent", "verify", "h.torrent", ".");
  assert.equal(bad.code, 8);
  assert.match(bad.stdout, /^wrong +Holiday\/a\.jpg +\(piece 4\)$/m);
  assert.match(bad.stdout, /^short +Holiday\/sub\/b c\.txt/m);
  renameSync(place.path("Holiday/sub/b c.txt"), place.path("elsewhere"));
  const { code, stdout } = await place.run("torrent", "verify", "h.torrent", ".", "--json");
  assert.equal(code, 8);
  const document = parseLines(stdout)[0] ?? {};
  assert.equal(document["ok"], false);
  assert.ok((document["badPieces"] as number[]).includes(4));
  const states = (document["files"] as { path: string; state: string }[]).map(
    ({ path, state }) => `${path} ${state}`,
  );
  assert.ok(states.includes("Holiday/sub/b c.txt missing"));
  assert.ok(states.includes("Holiday/sub/empty ok"));
});

test("names from a torrent can't steer the terminal", async () => {
  await using place = new Place();
  const name = "a\u001b[2Jb\u202egpj.exe";
  mkdirSync(place.path("Odd"));
  writeFileSync(place.path("Odd", name), bytes(20_000, 3));
  const created = await place.run("torrent", "create", "Odd", "-o", "x.torrent");
  assert.equal(created.code, 0, created.stderr);
  for (const words of [
    ["info", "x.torrent"],
    ["info", "x.torrent", "--json"],
    ["magnet", "x.torrent"],
    ["verify", "x.torrent", "."],
  ]) {
    const { stdout, stderr } = await place.run("torrent", ...words);
    assert.ok(!/[\u001b\u202e]/.test(stdout + stderr), words.join(" "));
  }
  assert.ok(existsSync(place.path("Odd", name)));
});

test("info names what a broken file seems to be", async () => {
  await using place = new Place();
  const cases: [string | Uint8Array, RegExp][] = [
    ["", /it is empty/],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), /compressed with gzip/],
    ["<!DOCTYPE html><html>", /web page/],
    ["magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567\n", /give the link itself/],
    ["d8:announce20:http", /damaged or cut off/],
    [`${"l".repeat(5000)}`, /doesn't begin like one/],
    [`d1:a${"l".repeat(200_000)}`, /nested too deep/],
  ];
  for (const [content, sentence] of cases) {
    writeFileSync(place.path("x.torrent"), content);
    const { code, stderr } = await place.run("torrent", "info", "x.torrent");
    assert.equal(code, 2);
    assert.match(stderr, /^x\.torrent is not a usable torrent: /);
    assert.match(stderr, sentence);
  }
  assert.equal((await place.run("torrent", "info", "")).code, 2);
});

test("info gives up on a device that never ends, and on a pipe when it is asked to", async () => {
  await using place = new Place();
  if (existsSync("/dev/zero")) {
    const { code, stderr } = await place.run("torrent", "info", "/dev/zero");
    assert.equal(code, 2);
    assert.match(stderr, /^\/dev\/zero is not a torrent: it is far too large/);
  }
  const waiting = place.start("torrent", "info", "-", "--timeout", "300ms");
  assert.equal((await waiting.ended).code, 124);
  execFileSync("mkfifo", [place.path("pipe")]);
  assert.equal((await place.run("torrent", "info", "pipe", "--timeout", "300ms")).code, 124);
});

test("info shows peers as they are written, and every line of a comment", async () => {
  await using place = new Place();
  const link = `  magnet:?xt=urn:btih:${"0".repeat(40)}&x.pe=[2001:db8::7]:6881&x.pe=192.0.2.1:7`;
  const { code, stdout } = await place.run("torrent", "info", link);
  assert.equal(code, 0);
  assert.match(stdout, /^Peer\t\[2001:db8::7\]:6881\nPeer\t192\.0\.2\.1:7$/m);
  writeFileSync(place.path("a"), "a");
  await place.run("torrent", "create", "a", "--comment", "one\ntwo");
  assert.match((await place.run("torrent", "info", "a.torrent")).stdout, /^Comment\tone\n\ttwo$/m);
});

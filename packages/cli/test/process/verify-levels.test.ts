import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { parseLines, Place } from "./shoal.ts";
import type { Line } from "./shoal.ts";

const CONTENT = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 2_654_435_761) >>> 13);
const NET = ["--no-lsd", "--host", "127.0.0.1", "--port", "0", "--json"];

function share(place: Place): void {
  mkdirSync(place.path("Trip"), { recursive: true });
  writeFileSync(place.path("Trip/film.mkv"), CONTENT);
  writeFileSync(place.path("Trip/note.txt"), "hello");
  // Whole seconds can be set again exactly.
  utimesSync(place.path("Trip/film.mkv"), 1_700_000_000, 1_700_000_000);
}

/** Flips a byte and leaves size and time as they were: what a bad disk does. */
function rot(path: string, at: number): void {
  const seconds = statSync(path).mtimeMs / 1000;
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
  utimesSync(path, seconds, seconds);
}

/** Runs `send` until it listens, and gives what it told. */
async function sendOnce(place: Place, ...words: string[]): Promise<{ events: string[]; listening: Line }> {
  const running = place.start("send", ...NET, ...words);
  const listening = await running.event("listening");
  const { stdout, code, stderr } = await running.stop("SIGINT");
  assert.equal(code, 0, stderr);
  return { events: parseLines(stdout).map((line) => String(line["event"])), listening };
}

test("the same folder shared again is not hashed again, until something looks changed or it is asked for", async () => {
  await using place = new Place();
  share(place);
  const first = await sendOnce(place, "Trip");
  assert.ok(first.events.includes("hashing"));
  const second = await sendOnce(place, "Trip");
  assert.deepEqual(
    second.events.filter((event) => event === "hashing" || event === "checked"),
    [],
  );
  for (const field of ["infoHashV1", "infoHashV2", "torrentFile", "magnet"]) {
    if (field !== "magnet") assert.equal(second.listening[field], first.listening[field], field);
  }
  assert.ok((await sendOnce(place, "Trip", "--verify", "full")).events.includes("hashing"));
  const commented = await sendOnce(place, "Trip", "--v1");
  assert.ok(commented.events.includes("hashing"), "other flags make another torrent");
  writeFileSync(place.path("Trip/note.txt"), "hallo");
  const changed = await sendOnce(place, "Trip");
  assert.ok(changed.events.includes("hashing"));
  assert.notEqual(changed.listening["infoHashV1"], first.listening["infoHashV1"]);
});

test("a .torrent shared again starts at once, and what rotted meanwhile is not sent", async () => {
  await using place = new Place();
  share(place);
  await place.run("torrent", "create", "Trip", "--piece-size", "64K", "-o", "trip.torrent");
  const words = ["trip.torrent", "--data", "."];
  const first = await sendOnce(place, ...words);
  assert.ok(first.events.includes("checked"));
  const second = await sendOnce(place, ...words);
  assert.equal(second.events.includes("checked"), false);
  rot(place.path("Trip/film.mkv"), 100_000);
  const third = place.start("send", ...NET, ...words);
  const listening = await third.event("listening");
  const got = place.start(...["get", String(listening["magnet"]), "-o", "out", ...NET]);
  const warning = await third.event("warning");
  assert.match(String(warning["message"]), /film\.mkv is damaged on disk/);
  await got.stop("SIGINT");
  await third.stop("SIGINT");
  const fourth = place.start("send", ...NET, ...words);
  const told = await fourth.event("warning");
  assert.match(String(told["message"]), /1 of 4\d pieces are missing or wrong here/);
  await fourth.stop("SIGINT");
});

test("get --verify: full reads all, stat believes and says so, and an unknown word is refused", async () => {
  await using place = new Place();
  share(place);
  const seed = place.startIn({ SHOAL_STATE_DIR: place.path("seed-state") }, "send", ...NET, "Trip");
  const magnet = String((await seed.event("listening"))["magnet"]);
  const get = ["get", magnet, "-o", "out", "--once", ...NET];
  assert.equal((await place.run(...get)).code, 0);
  await seed.stop("SIGINT");
  const checks = async (...more: string[]): Promise<unknown[]> => {
    const { stdout, code, stderr } = await place.run(...get, ...more);
    assert.equal(code, 0, stderr);
    return parseLines(stdout).flatMap((line) => (line["event"] === "checked" ? [line["reason"]] : []));
  };
  assert.deepEqual(await checks(), []);
  assert.equal((await checks("--verify", "sample")).at(-1), "sample");
  assert.equal((await checks("--verify", "full")).at(-1), "asked");
  const human = await place.run(...get.filter((word) => word !== "--json"));
  assert.match(human.stderr, /All of it was there already, as it was when it was checked\./);
  const odd = await place.run(...get, "--verify", "quick");
  assert.equal(odd.code, 2);
  assert.match(odd.stdout + odd.stderr, /none, stat, sample, full/);
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { type Line, parseLines, Place, type Running } from "./shoal.ts";

const SIZE = 12_000_000;
const CONTENT = Uint8Array.from({ length: SIZE }, (_, at) => (at * 2_654_435_761) >>> 11);
const BALLAST = 18 * 1024 * 1024;
const GET = ["--no-lsd", "--host", "127.0.0.1", "--port", "0"];

interface Scene {
  readonly place: Place;
  readonly sender: Running;
  readonly peer: string;
}

/** A file that is shared, and a file system of 24 MiB at `out`; null, and the test is skipped, where none may be mounted. */
async function scene(t: TestContext, place: Place): Promise<Scene | null> {
  mkdirSync(place.path("out"));
  const options = ["-t", "tmpfs", "-o", "size=24m", "shoal-test", place.path("out")];
  if (spawnSync("mount", options).status !== 0) {
    t.skip("may not mount a small file system");
    return null;
  }
  writeFileSync(place.path("film.mkv"), CONTENT);
  const env = { SHOAL_STATE_DIR: place.path("sender-state") };
  const words = ["send", "film.mkv", "--json", "-o", "film.torrent", ...GET];
  const sender = place.startIn(env, ...words);
  const listening = await sender.event("listening");
  return { place, sender, peer: `127.0.0.1:${String(listening["port"])}` };
}

/** Starts a download whose sender stands still: nothing was written yet. */
async function begin({ place, sender, peer }: Scene, ...more: string[]): Promise<Running> {
  sender.child.kill("SIGSTOP");
  const getting = place.start("get", "film.torrent", "-o", "out", "--peer", peer, "--json", ...GET, ...more);
  await getting.until(() => last(getting)?.["state"] === "downloading", "the state downloading");
  return getting;
}

function last(running: Running): Line | undefined {
  return running.events.findLast((line) => line["event"] === "progress");
}

function waitsFor(running: Running, code: string): boolean {
  return (last(running)?.["waiting"] as { code?: unknown } | null)?.code === code;
}

/** Unmounts before the place is removed. */
async function within(t: TestContext, run: (scene: Scene) => Promise<void>): Promise<void> {
  await using place = new Place();
  try {
    const made = await scene(t, place);
    if (made !== null) await run(made);
  } finally {
    spawnSync("umount", ["-l", place.path("out")]);
  }
}

test("get: the disk becomes full in the middle; it is said once and waited for, and nothing is checked again", async (t) => {
  await within(t, async (made) => {
    const { place, sender } = made;
    const getting = await begin(made);
    writeFileSync(place.path("out/ballast"), new Uint8Array(BALLAST));
    sender.child.kill("SIGCONT");
    await getting.until(() => waitsFor(getting, "disk-full"), "the reason disk-full");
    const full = last(getting)!;
    assert.equal(full["state"], "downloading");
    assert.ok(Number(full["have"]) > 0 && Number(full["have"]) < SIZE);
    const before = getting.events.length;
    rmSync(place.path("out/ballast"));
    const complete = await getting.event("complete");
    assert.equal(complete["totalSize"], SIZE);
    const { code, stdout, stderr } = await getting.ended;
    assert.equal(code, 0, stderr);
    assert.ok(readFileSync(place.path("out/film.mkv")).equals(Buffer.from(CONTENT)));
    const lines = parseLines(stdout);
    assert.ok(lines.slice(before).every((line) => line["state"] !== "checking"));
    const warnings = lines.filter((line) => line["event"] === "warning");
    assert.deepEqual(
      warnings.map((line) => line["code"]),
      ["ERR_NO_SPACE"],
    );
    assert.match(stderr, /^The disk is full: \d+(\.\d)? MB needed in .*out, .* free; continues by itself/m);
    assert.equal(lines.filter((line) => line["event"] === "banned").length, 0);
  });
});

test("get: --timeout ends the wait for room with 124; the same command goes on from there", async (t) => {
  await within(t, async (made) => {
    const { place, sender, peer } = made;
    const getting = await begin(made, "--timeout", "10s");
    writeFileSync(place.path("out/ballast"), new Uint8Array(BALLAST));
    sender.child.kill("SIGCONT");
    const { code, stderr } = await getting.ended;
    assert.equal(code, 124, stderr);
    assert.match(stderr, /--timeout is over at \d+ % \(the disk is full/);
    rmSync(place.path("out/ballast"));
    const again = await place.run("get", "film.torrent", "-o", "out", "--peer", peer, "--json", ...GET);
    assert.equal(again.code, 0, again.stderr);
    const complete = parseLines(again.stdout).find((line) => line["event"] === "complete")!;
    assert.ok(Number(complete["downloaded"]) < 2 * SIZE);
    assert.ok(readFileSync(place.path("out/film.mkv")).equals(Buffer.from(CONTENT)));
  });
});

test("get: what doesn't fit from the start is refused with 9 before anything is written", async (t) => {
  await within(t, async ({ place, peer }) => {
    writeFileSync(place.path("out/ballast"), new Uint8Array(BALLAST));
    const { code, stderr } = await place.run("get", "film.torrent", "-o", "out", "--peer", peer, ...GET);
    assert.equal(code, 9, stderr);
    assert.ok(!existsSync(place.path("out/film.mkv")));
  });
});

test("get: a file system that becomes read-only ends it with 10 and names the file", async (t) => {
  await within(t, async (made) => {
    const { place, sender } = made;
    const getting = await begin(made);
    const remounted = spawnSync("mount", ["-o", "remount,ro", place.path("out")]);
    if (remounted.status !== 0) {
      t.skip(`may not mount it again: ${String(remounted.stderr)}`);
      getting.child.kill("SIGKILL");
      return;
    }
    sender.child.kill("SIGCONT");
    const { code, stderr } = await getting.ended;
    assert.equal(code, 10, stderr);
    assert.match(stderr, /out\/film\.mkv can't be written: the file system is read-only/);
  });
});

test("send: a folder that is removed is named once, not made anew, and shared again when it is back", async () => {
  await using place = new Place();
  mkdirSync(place.path("Trip/day"), { recursive: true });
  writeFileSync(place.path("Trip/film.mkv"), CONTENT);
  writeFileSync(place.path("Trip/day/note.txt"), "hello");
  const env = { SHOAL_STATE_DIR: place.path("sender-state") };
  const sender = place.startIn(env, "send", "Trip", "--json", ...GET);
  const { magnet } = await sender.event("listening");
  renameSync(place.path("Trip"), place.path("elsewhere"));
  const getting = place.start("get", String(magnet), "-o", "out", "--json", ...GET);
  const warning = await sender.event("warning");
  assert.equal(warning["code"], "ERR_FILES_MISSING");
  assert.match(String(warning["message"]), /Trip\/\S+ and 1 more file are missing/);
  await sender.until(() => waitsFor(sender, "files-missing"), "the reason files-missing");
  assert.ok(!existsSync(place.path("Trip")));
  renameSync(place.path("elsewhere"), place.path("Trip"));
  const { code, stderr } = await getting.ended;
  assert.equal(code, 0, stderr);
  assert.ok(readFileSync(place.path("out/Trip/film.mkv")).equals(Buffer.from(CONTENT)));
  const ended = await sender.stop("SIGINT");
  assert.equal(parseLines(ended.stdout).filter((line) => line["event"] === "warning").length, 1);
});

test("get: files in a folder that can't be looked into stay the download's own", async () => {
  await using place = new Place();
  mkdirSync(place.path("Trip/day"), { recursive: true });
  writeFileSync(place.path("Trip/day/film.mkv"), CONTENT);
  const env = { SHOAL_STATE_DIR: place.path("sender-state") };
  const sender = place.startIn(env, "send", "Trip", "--json", "-o", "trip.torrent", ...GET);
  const { port } = await sender.event("listening");
  const words = ["get", "trip.torrent", "-o", "out", "--peer", `127.0.0.1:${String(port)}`, "--once", ...GET];
  const first = await place.run(...words);
  assert.equal(first.code, 0, first.stderr);
  renameSync(place.path("out/Trip/day"), place.path("aside"));
  writeFileSync(place.path("out/Trip/day"), "no folder");
  const hidden = await place.run(...words);
  assert.equal(hidden.code, 10, hidden.stderr);
  rmSync(place.path("out/Trip/day"));
  renameSync(place.path("aside"), place.path("out/Trip/day"));
  // One byte is missing, so the file is the download's own or in the way.
  writeFileSync(place.path("out/Trip/day/film.mkv"), CONTENT.subarray(1));
  const again = await place.run(...words);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(readFileSync(place.path("out/Trip/day/film.mkv")).equals(Buffer.from(CONTENT)));
});

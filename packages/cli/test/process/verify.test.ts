import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { parseLines, Place } from "./shoal.ts";

async function states(place: Place, torrent: string, dir = "."): Promise<Record<string, string>> {
  const { stdout } = await place.run("torrent", "verify", torrent, dir, "--json");
  const files = (parseLines(stdout)[0]?.["files"] ?? []) as { path: string; state: string }[];
  return Object.fromEntries(files.map(({ path, state }) => [path, state]));
}

test("verify finds data under its own names, which a download would change", async () => {
  await using place = new Place();
  const names = ["what?.mp3", "ends.", "con", "x".repeat(250)];
  mkdirSync(place.path("a:b"));
  for (const name of names) writeFileSync(place.path("a:b", name), name.repeat(9000));
  await place.run("torrent", "create", "a:b", "-o", "t.torrent");
  const { code, stdout, stderr } = await place.run("torrent", "verify", "t.torrent", ".");
  assert.equal(code, 0, stdout + stderr);
  renameSync(place.path("a:b"), place.path("a_b"));
  renameSync(place.path("a_b/what?.mp3"), place.path("a_b/what_.mp3"));
  renameSync(place.path("a_b/ends."), place.path("a_b/ends"));
  renameSync(place.path("a_b/con"), place.path("a_b/_con"));
  renameSync(place.path("a_b", "x".repeat(250)), place.path("a_b", "x".repeat(240)));
  assert.equal((await place.run("torrent", "verify", "t.torrent", ".")).code, 0);
});

test("verify looks at links: gone, replaced, leading elsewhere", async () => {
  await using place = new Place();
  mkdirSync(place.path("T/sub"), { recursive: true });
  writeFileSync(place.path("T/file"), "x".repeat(30_000));
  writeFileSync(place.path("T/sub/other"), "y");
  symlinkSync("file", place.path("T/link"));
  symlinkSync("../sub", place.path("T/sub/up"));
  symlinkSync("link", place.path("T/through"));
  await place.run("torrent", "create", "T", "-o", "t.torrent");
  assert.equal((await place.run("torrent", "verify", "t.torrent", ".")).code, 0);
  rmSync(place.path("T/link"));
  rmSync(place.path("T/sub/up"));
  rmSync(place.path("T/through"));
  symlinkSync("sub/other", place.path("T/link"));
  writeFileSync(place.path("T/through"), "");
  const { code, stdout, stderr } = await place.run("torrent", "verify", "t.torrent", ".");
  assert.equal(code, 8);
  assert.match(stdout, /^wrong +T\/link +\(should be a link to file\)$/m);
  assert.match(stdout, /^missing +T\/sub\/up +\(should be a link to sub\)$/m);
  assert.match(stdout, /^wrong +T\/through /m);
  assert.match(stderr, /every piece is right, but 3 files are not/);
});

test("verify tells what is unreadable or no file from what is missing", async (t) => {
  await using place = new Place();
  mkdirSync(place.path("T"));
  for (const name of ["a", "b", "c"]) writeFileSync(place.path("T", name), name.repeat(20_000));
  await place.run("torrent", "create", "T", "-o", "t.torrent");
  rmSync(place.path("T/a"));
  mkdirSync(place.path("T/a"));
  writeFileSync(place.path("T/c"), "c".repeat(19_999));
  const { stdout } = await place.run("torrent", "verify", "t.torrent", ".");
  assert.match(stdout, /^wrong +T\/a +\(something else is there/m);
  assert.match(stdout, /^short +T\/c +\(1 B of 20 kB missing\)$/m);
  chmodSync(place.path("T/b"), 0);
  if (process.getuid?.() === 0) t.diagnostic("root reads everything: the unreadable file is not checked");
  else assert.equal((await states(place, "t.torrent"))["T/b"], "unreadable");
});

test("verify of the wrong folder says so; its advice can be copied into a shell", async () => {
  await using place = new Place();
  mkdirSync(place.path("My T"));
  writeFileSync(place.path("My T/a"), "x".repeat(20_000));
  await place.run("torrent", "create", "My T", "-o", "it's.torrent");
  const { code, stderr } = await place.run("torrent", "verify", "it's.torrent", "My T");
  assert.equal(code, 8);
  assert.match(stderr, /name the folder that has My T in it/);
  assert.ok(stderr.includes(String.raw`shoal get 'it'\''s.torrent' -o 'My T' --overwrite`), stderr);
  const nameless = await place.run("torrent", "verify", "it's.torrent", "");
  assert.equal(nameless.code, 2);
  assert.deepEqual(readFileSync(place.path("My T/a"), "utf8"), "x".repeat(20_000));
});

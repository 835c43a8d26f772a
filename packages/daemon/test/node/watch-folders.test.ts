import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test, type TestContext } from "node:test";
import { createTorrent } from "@shoal/engine";
import type { KeptNotice, Torrent, WatchFolder } from "@shoal/schema";
import { poll } from "@shoal/testkit";
import { isDropped } from "../../dist/watch/dropped-file.js";
import { Scene } from "../scene.js";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;

async function torrentBytes(scene: Scene, name: string): Promise<Uint8Array> {
  const path = join(scene.dir, name);
  writeFileSync(path, `${name} `.repeat(1000));
  const { bytes } = await createTorrent(path);
  rmSync(path);
  return bytes;
}

async function torrents(scene: Scene): Promise<Torrent[]> {
  return (await scene.call("GET", "/torrents")).body["torrents"] as Torrent[];
}

async function startWatching(
  t: TestContext,
  more: object = {},
): Promise<{ readonly scene: Scene; readonly dir: string }> {
  const scene = new Scene(t);
  await scene.start();
  const dir = join(scene.dir, "watched");
  mkdirSync(dir);
  const answer = await scene.call("POST", "/watch-folders", { dir, ...more });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return { scene, dir };
}

/** A .torrent file in a folder in which nothing can be changed; false where nothing may be mounted. */
async function makeReadOnly(t: TestContext, scene: Scene, dir: string): Promise<boolean> {
  const mount = (...args: string[]): void => void execFileSync("mount", [...args, dir], { stdio: "ignore" });
  try {
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs");
  } catch {
    t.skip("mounting a file system takes root");
    return false;
  }
  t.after(() => {
    execFileSync("umount", ["-l", dir]);
    rmSync(dir, { recursive: true });
  });
  writeFileSync(join(dir, "film.torrent"), await torrentBytes(scene, "film"));
  mount("-o", "remount,ro");
  return true;
}

function names(dir: string): string[] {
  return readdirSync(dir).toSorted();
}

describe("watch folders", () => {
  test("names that are added", () => {
    for (const name of ["a.torrent", "a b.TORRENT", "x.magnet"]) assert.ok(isDropped(name), name);
    for (const name of [".torrent", ".a.torrent", "a.torrent.added", "a.torrent.part", "a.txt", "torrent"])
      assert.ok(!isDropped(name), name);
  });

  test("what comes into one is added once, with what was said, and renamed", async (t) => {
    const { scene, dir } = await startWatching(t, { labels: ["films"], paused: true });
    const bytes = await torrentBytes(scene, "film");
    writeFileSync(join(dir, "film.torrent"), bytes);
    writeFileSync(join(dir, "link.magnet"), `\n${MAGNET}\n`);
    await poll("both are renamed", () => names(dir).join() === "film.torrent.added,link.magnet.added");
    const list = await torrents(scene);
    assert.deepEqual(list.map(({ name }) => name).toSorted(), ["film", "hello"]);
    for (const { labels, state } of list) assert.deepEqual([labels, state], [["films"], "paused"]);
    writeFileSync(join(dir, "film.torrent"), bytes);
    await poll("the same again is renamed, too", () => existsSync(join(dir, "film.torrent (2).added")));
    assert.equal((await torrents(scene)).length, 2);
    await scene.stop();
    writeFileSync(join(dir, "while-away.torrent"), await torrentBytes(scene, "other"));
    await scene.start();
    await poll("what came meanwhile is added", () => existsSync(join(dir, "while-away.torrent.added")));
    assert.equal((await torrents(scene)).length, 3);
  });

  test("what can't be renamed is added once, also when its transfer was removed and after a restart", async (t) => {
    const scene = new Scene(t);
    const dir = mkdtempSync(join(tmpdir(), "shoal-watched-"));
    if (!(await makeReadOnly(t, scene, dir))) return;
    await scene.start();
    await scene.call("POST", "/watch-folders", { dir, paused: true });
    await poll("it is added", async () => (await torrents(scene)).length === 1);
    await poll("it is told of", async () => {
      const { body } = await scene.call("GET", "/notices");
      const [notice] = body["notices"] as KeptNotice[];
      return /was added, but can't be renamed \(EROFS\)/.test(notice?.message ?? "");
    });
    await scene.call("DELETE", `/torrents/${(await torrents(scene))[0]!.id}`);
    await scene.stop();
    await scene.start();
    // What comes later is seen: so was the other one.
    const other = join(scene.dir, "other");
    mkdirSync(other);
    writeFileSync(join(other, "late.magnet"), MAGNET);
    await scene.call("POST", "/watch-folders", { dir: other, paused: true });
    await poll("the other one is added", async () => (await torrents(scene)).length > 0);
    assert.deepEqual(
      (await torrents(scene)).map(({ name }) => name),
      ["hello"],
    );
  });

  test("a file is read when nobody writes to it any more", async (t) => {
    const { scene, dir } = await startWatching(t, { after: "delete" });
    const bytes = await torrentBytes(scene, "slow");
    const file = join(dir, "slow.torrent");
    writeFileSync(file, bytes.subarray(0, 50));
    // It is bad when it is first read, and is waited for.
    // No event tells that it was read and waited for.
    await delay(1_500);
    assert.deepEqual(names(dir), ["slow.torrent"]);
    appendFileSync(file, bytes.subarray(50));
    await poll("it is added and deleted", () => names(dir).length === 0);
    assert.deepEqual(
      (await torrents(scene)).map(({ name }) => name),
      ["slow"],
    );
  });

  test("what is none is set aside, with a notice", async (t) => {
    const { scene, dir } = await startWatching(t);
    writeFileSync(join(dir, "bad.torrent"), "no torrent at all");
    writeFileSync(join(dir, "empty.magnet"), "");
    writeFileSync(join(dir, "notes.txt"), "not looked at");
    symlinkSync("/etc/passwd", join(dir, "link.torrent"));
    await poll("both are set aside", () =>
      ["bad.torrent.invalid", "empty.magnet.invalid"].every((name) => existsSync(join(dir, name))),
    );
    const { body } = await scene.call("GET", "/notices");
    const messages = (body["notices"] as KeptNotice[]).map(({ message }) => message).join("\n");
    assert.match(messages, /bad\.torrent is no torrent: /);
    assert.match(messages, /empty\.magnet is no magnet link: there is no link in it/);
    assert.ok(existsSync(join(dir, "notes.txt")) && existsSync(join(dir, "link.torrent")));
    assert.deepEqual(await torrents(scene), []);
  });

  test("a folder may come later, go, and come back", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const dir = join(scene.dir, "later", "watched");
    const made = (await scene.call("POST", "/watch-folders", { dir })).body as unknown as WatchFolder;
    assert.match(made.problem ?? "", /does not exist/);
    const problem = async (): Promise<string | null> => {
      const { body } = await scene.call("GET", "/watch-folders");
      return (body["watchFolders"] as WatchFolder[])[0]!.problem;
    };
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "one.magnet"), MAGNET);
    await poll("it is seen", () => existsSync(join(dir, "one.magnet.added")));
    assert.equal(await problem(), null);
    renameSync(dir, `${dir}-away`);
    await poll("its loss is seen", problem);
    mkdirSync(dir);
    writeFileSync(join(dir, "two.magnet"), MAGNET.replaceAll("ab", "cd"));
    await poll("it is seen again", () => existsSync(join(dir, "two.magnet.added")));
    assert.equal((await torrents(scene)).length, 2);
  });

  test("bad requests are told in words, and one that is taken out is not looked at", async (t) => {
    const { scene, dir } = await startWatching(t);
    assert.equal((await scene.call("POST", "/watch-folders", { dir })).status, 409);
    assert.equal((await scene.call("POST", "/watch-folders", { dir: "here" })).status, 400);
    writeFileSync(join(scene.dir, "file"), "");
    assert.equal((await scene.call("POST", "/watch-folders", { dir: join(scene.dir, "file") })).status, 400);
    assert.equal((await scene.call("DELETE", "/watch-folders/9")).status, 404);
    assert.equal((await scene.call("DELETE", "/watch-folders/1")).status, 200);
    assert.deepEqual((await scene.call("GET", "/watch-folders")).body["watchFolders"], []);
    await scene.stop();
    writeFileSync(join(dir, "late.magnet"), MAGNET);
    await scene.start();
    assert.deepEqual(await torrents(scene), []);
    assert.deepEqual(names(dir), ["late.magnet"]);
  });
});

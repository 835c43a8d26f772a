import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { KeptNotice, Share, Torrent } from "@shoal/schema";
import type { SettingValues } from "@shoal/schema/settings";
import { poll } from "@shoal/testkit";
import { Scene } from "../scene.js";

const TEXT = "some data ".repeat(20_000);

/** A node that shares `files` as one folder or file, and what others need to fetch it. */
async function sender(
  t: TestContext,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly torrent: string; readonly peers: string[] }> {
  const scene = new Scene(t);
  const { node } = await scene.start();
  const path = join(scene.dir, name);
  for (const [below, text] of Object.entries(files)) {
    const file = below === "" ? path : join(path, below);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
  }
  const { body } = await scene.call("POST", "/shares", { paths: [path] });
  const [{ id }] = body["shares"] as [Share];
  await poll(
    "it is shared",
    async () => (await scene.call("GET", `/shares/${id}`)).body["state"] === "shared",
  );
  const [transfer] = node.transfers.list();
  const file = join(scene.options.profile.torrentsDir, `${transfer!.record.key}.torrent`);
  return {
    torrent: readFileSync(file).toString("base64"),
    peers: [`127.0.0.1:${node.session.endpoint!.port}`],
  };
}

async function receiver(t: TestContext, flags: Partial<SettingValues>): Promise<Scene> {
  const scene = new Scene(t, {}, flags);
  await scene.start();
  return scene;
}

async function torrent(scene: Scene, id = 1): Promise<Torrent> {
  return (await scene.call("GET", `/torrents/${id}`)).body as unknown as Torrent;
}

async function notices(scene: Scene): Promise<KeptNotice[]> {
  return (await scene.call("GET", "/notices?unseen=true")).body["notices"] as KeptNotice[];
}

function noticeOf(scene: Scene, kind: KeptNotice["kind"]): Promise<KeptNotice> {
  return poll(`notice ${kind}`, async () => (await notices(scene)).find((notice) => notice.kind === kind));
}

/** A program that writes down what it was told. */
function hookThatWrites(to: string): string[] {
  const program = `require("fs").appendFileSync(${JSON.stringify(to)}, JSON.stringify({ ...process.env, pid: process.pid, cwd: process.cwd(), argv: process.argv.slice(1) }) + "\\n")`;
  return [process.execPath, "-e", program, "--", "an argument; $(touch x)"];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a download that has finished", () => {
  test("goes from the folder for incomplete ones to where it belongs; then a program runs, once", async (t) => {
    const source = await sender(t, "Holi'day $x", { "a/1.txt": TEXT, "2.txt": "two" });
    const told = join(new Scene(t).dir, "told");
    const incomplete = join(new Scene(t).dir, "incomplete");
    const second = new Scene(
      t,
      {},
      {
        "downloads.incompleteDir": incomplete,
        "downloads.onComplete": hookThatWrites(told),
      },
    );
    await second.start();
    const added = await second.call("POST", "/torrents", { ...source, labels: ["b", "c"] });
    assert.equal(added.body["downloadDir"], second.downloadDir);
    assert.equal(added.body["filesDir"], incomplete);
    const notice = await noticeOf(second, "finished");
    assert.equal(notice.torrentId, 1);
    const env = await poll("the program has run", () =>
      existsSync(told) ? (JSON.parse(readFileSync(told, "utf8")) as Record<string, unknown>) : null,
    );
    const done = await torrent(second);
    assert.deepEqual([done.downloadDir, done.filesDir], [second.downloadDir, second.downloadDir]);
    assert.equal(readFileSync(join(second.downloadDir, "Holi'day $x", "a", "1.txt"), "utf8"), TEXT);
    assert.equal(existsSync(join(incomplete, "Holi'day $x")), false);
    assert.deepEqual(
      [env["SHOAL_NAME"], env["SHOAL_DIR"], env["SHOAL_ID"], env["SHOAL_LABELS"], env["SHOAL_SIZE"]],
      ["Holi'day $x", second.downloadDir, "1", "b,c", String(TEXT.length + 3)],
    );
    assert.deepEqual([env["argv"], env["cwd"]], [["an argument; $(touch x)"], second.downloadDir]);
    await poll("the program has ended", () => !isAlive(env["pid"] as number));
    await second.stop();
    await second.start();
    await poll("it is shared again", async () => (await torrent(second)).state === "seeding");
    assert.equal(readFileSync(told, "utf8").trim().split("\n").length, 1, "not again after a restart");
    const { body } = await second.call("POST", "/notices/seen", { upTo: notice.id });
    assert.deepEqual(body["notices"], []);
  });

  test("leaves alone what has its name already, and goes on with what is there of it", async (t) => {
    const source = await sender(t, "film.mkv", { "": TEXT });
    const incomplete = join(new Scene(t).dir, "incomplete");
    const second = new Scene(t, {}, { "downloads.incompleteDir": incomplete });
    await second.start();
    await second.call("POST", "/torrents", { ...source, paused: true });
    // It comes while the download is under way.
    mkdirSync(second.downloadDir, { recursive: true });
    writeFileSync(join(second.downloadDir, "film.mkv"), "something else");
    await second.call("POST", "/torrents/1/resume", {});
    await noticeOf(second, "finished");
    assert.equal(readFileSync(join(second.downloadDir, "film.mkv"), "utf8"), "something else");
    assert.equal(readFileSync(join(second.downloadDir, "film (2).mkv"), "utf8"), TEXT);
  });

  test("is told of when it can't be moved, and moved when it can", async (t) => {
    const source = await sender(t, "film.mkv", { "": TEXT });
    const base = new Scene(t);
    const scene = new Scene(t, {}, { "downloads.incompleteDir": join(base.dir, "incomplete") });
    await scene.start();
    const target = join(scene.dir, "target");
    writeFileSync(target, "in the way: a file where a folder should be");
    await scene.call("POST", "/torrents", { ...source, downloadDir: target });
    const notice = await noticeOf(scene, "move-failed");
    assert.match(notice.message, /complete, but can't be moved to .*target/);
    await scene.stop();
    rmSync(target);
    await scene.start();
    await noticeOf(scene, "finished");
    assert.equal(readFileSync(join(target, "film.mkv"), "utf8"), TEXT);
  });

  test("a program that fails, hangs or is not there is told of", async (t) => {
    const source = await sender(t, "film.mkv", { "": TEXT });
    for (const [command, expected] of [
      [[process.execPath, "-e", "process.exit(3)"], /exit code 3/],
      [["/there/is/no/such/program"], /ENOENT/],
    ] as const) {
      const scene = await receiver(t, { "downloads.onComplete": command });
      await scene.call("POST", "/torrents", source);
      assert.match((await noticeOf(scene, "hook-failed")).message, expected);
      await scene.stop();
    }
  });

  test("what was there from the start is no news", async (t) => {
    const source = await sender(t, "film.mkv", { "": TEXT });
    const told = join(new Scene(t).dir, "told");
    const scene = await receiver(t, { "downloads.onComplete": hookThatWrites(told) });
    mkdirSync(scene.downloadDir, { recursive: true });
    writeFileSync(join(scene.downloadDir, "film.mkv"), TEXT);
    await scene.call("POST", "/torrents", { torrent: source.torrent });
    await poll("it is shared", async () => (await torrent(scene)).state === "seeding");
    assert.notEqual((await torrent(scene)).finishedAt, null);
    assert.deepEqual(await notices(scene), []);
    await scene.stop();
    assert.equal(existsSync(told), false);
  });
});

describe("retry", () => {
  test("restores what has stopped because its files are gone", async (t) => {
    const source = await sender(t, "film.mkv", { "": TEXT });
    const scene = await receiver(t, { "downloads.share": true });
    await scene.call("POST", "/torrents", source);
    await poll("it is shared", async () => (await torrent(scene)).state === "seeding");
    await scene.stop();
    const file = join(scene.downloadDir, "film.mkv");
    renameSync(file, `${file}.away`);
    await scene.start();
    await scene.call("POST", "/torrents/1/recheck", {});
    await scene.call("POST", "/torrents/1/announce", {});
    await poll("it is missed", async () => (await torrent(scene)).state !== "seeding");
    renameSync(`${file}.away`, file);
    assert.equal((await scene.call("POST", "/torrents/1/retry", {})).status, 200);
    await poll("it is shared again", async () => (await torrent(scene)).state === "seeding");
    assert.equal((await scene.call("POST", "/torrents/9/retry", {})).status, 404);
  });

  test("what is not to be shared has finished when it is complete", async (t) => {
    const source = await sender(t, "film.mkv", { "": TEXT });
    const scene = await receiver(t, { "downloads.share": false });
    await scene.call("POST", "/torrents", source);
    const done = await poll("it has finished", async () => {
      const found = await torrent(scene);
      return found.state === "finished" && found;
    });
    assert.equal(done.reached, "ratio");
  });
});

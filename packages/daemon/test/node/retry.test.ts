import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { createSession } from "@shoal/engine";
import type { Torrent } from "@shoal/schema";
import { type Pair, pair, transfer, until } from "../pair.js";
import type { Answer, Scene } from "../scene.js";

function failed(scene: Scene, code: string, id = 1): Promise<Torrent> {
  return until(scene, id, ({ state, error }) => state === "error" && error?.code === code);
}

function complete(scene: Scene, id = 1): Promise<Torrent> {
  return until(scene, id, ({ state, have, wanted }) => state === "seeding" && have === wanted && have > 0);
}

function retry(scene: Scene, id = 1): Promise<Answer> {
  return scene.call("POST", `/torrents/${id}/retry`);
}

/** The leech has fetched all of it. */
async function fetched(t: TestContext): Promise<Pair> {
  const both = await pair(t);
  await both.leech.call("POST", "/torrents", both.from);
  await complete(both.leech);
  return both;
}

function assertWhole({ files }: Pair, downloadDir: string): void {
  for (const [path, bytes] of files) assert.ok(readFileSync(join(downloadDir, "film", path)).equals(bytes));
}

describe("a transfer that has failed is restored by retry when the cause is gone:", () => {
  test("somebody else's file is in the way", async (t) => {
    const both = await pair(t);
    const { leech } = both;
    const inTheWay = join(leech.downloadDir, "film", "b.txt");
    mkdirSync(join(leech.downloadDir, "film"), { recursive: true });
    writeFileSync(inTheWay, "a letter");
    await leech.call("POST", "/torrents", both.from);
    const { waiting, error } = await failed(leech, "ERR_FILE_EXISTS");
    assert.match(error?.message ?? "", /b\.txt already exists and is not part of this download/);
    assert.notEqual(waiting, null, "the reason says what to do");
    await retry(leech);
    await failed(leech, "ERR_FILE_EXISTS");
    assert.equal(readFileSync(inTheWay, "utf8"), "a letter");
    rmSync(inTheWay);
    await retry(leech);
    await complete(leech);
    assertWhole(both, leech.downloadDir);
  });

  test("its files are gone", async (t) => {
    const both = await fetched(t);
    const { leech } = both;
    await leech.stop();
    const folder = join(leech.downloadDir, "film");
    renameSync(folder, `${folder}.away`);
    await leech.start();
    // Who is at rest finds out when somebody looks.
    await leech.call("GET", "/torrents/1/files");
    const { waiting } = await failed(leech, "ERR_FILES_MISSING");
    assert.equal(waiting?.code, "files-missing");
    renameSync(`${folder}.away`, folder);
    const { downloaded } = await transfer(leech, 1);
    await retry(leech);
    assert.equal((await complete(leech)).downloaded, downloaded, "nothing is fetched twice");
    assertWhole(both, leech.downloadDir);
  });

  test("its files are gone for good: they are fetched anew", async (t) => {
    const both = await fetched(t);
    const { leech } = both;
    await leech.stop();
    rmSync(join(leech.downloadDir, "film"), { recursive: true });
    await leech.start();
    await leech.call("GET", "/torrents/1/files");
    await failed(leech, "ERR_FILES_MISSING");
    await retry(leech);
    await complete(leech);
    assertWhole(both, leech.downloadDir);
  });

  test("a file is where its folder should be", async (t) => {
    const both = await pair(t);
    const { leech } = both;
    const target = join(leech.dir, "target");
    writeFileSync(target, "a file");
    await leech.call("POST", "/torrents", { ...both.from, downloadDir: target });
    const { waiting } = await failed(leech, "ERR_DISK");
    assert.equal(waiting?.code, "disk-error");
    rmSync(target);
    await retry(leech);
    await complete(leech);
    assertWhole(both, target);
  });

  test("its disk is read-only", async (t) => {
    const both = await pair(t);
    const { leech } = both;
    const dir = mkdtempSync(join(tmpdir(), "shoal-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", dir], { stdio: "ignore" });
    } catch {
      t.skip("mounting a file system takes root");
      return;
    }
    t.after(() => {
      execFileSync("umount", ["-l", dir]);
      rmSync(dir, { recursive: true });
    });
    execFileSync("mount", ["-o", "remount,ro", dir]);
    await leech.call("POST", "/torrents", { ...both.from, downloadDir: dir });
    const { error } = await failed(leech, "ERR_DISK");
    assert.match(error?.message ?? "", /EROFS|read-only/);
    execFileSync("mount", ["-o", "remount,rw", dir]);
    await retry(leech);
    await complete(leech);
    assertWhole(both, dir);
  });

  test("its .torrent file is gone or damaged", async (t) => {
    const both = await fetched(t);
    const { leech } = both;
    const { node } = await startAgain(leech);
    const [first] = node.transfers.list();
    const file = node.transfers.metainfoFile(first!);
    await leech.stop();
    renameSync(file, `${file}.away`);
    await leech.start();
    await leech.call("GET", "/torrents/1/files");
    const { error } = await failed(leech, "ERR_NOT_FOUND");
    assert.match(error?.message ?? "", /film/);
    writeFileSync(file, "damaged");
    await retry(leech);
    await until(leech, 1, (torrent) => torrent.state === "error" && torrent.error?.code !== "ERR_NOT_FOUND");
    renameSync(`${file}.away`, file);
    await retry(leech);
    await leech.call("GET", "/torrents/1/files");
    await complete(leech);
  });

  test("another program has it", async (t) => {
    const both = await fetched(t);
    const { leech } = both;
    const { body } = await leech.call("GET", "/torrents/1");
    const { node } = await startAgain(leech);
    const torrentBytes = new Uint8Array(readFileSync(node.transfers.metainfoFile(node.transfers.list()[0]!)));
    await leech.stop();
    const other = await createSession({
      stateDir: leech.options.profile.stateDir,
      offline: true,
      listen: false,
      dht: false,
      lsd: false,
    });
    t.after(() => other.close());
    await other.add({ torrentBytes, downloadDir: leech.downloadDir });
    await leech.start();
    await leech.call("GET", "/torrents/1/files");
    const { name } = await failed(leech, "ERR_LOCKED");
    assert.equal(name, body["name"]);
    await other.close();
    await retry(leech);
    await leech.call("GET", "/torrents/1/files");
    await complete(leech);
  });
});

async function startAgain(scene: Scene): ReturnType<Scene["start"]> {
  await scene.stop();
  return scene.start();
}

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { createTorrent } from "@shoal/engine";
import type { Torrent } from "@shoal/schema";
import { poll } from "@shoal/testkit";
import { Scene } from "../scene.js";

const MB = 1_000_000;

/** A file system of its own for the downloads; null where nothing may be mounted. */
function smallDisk(t: TestContext, megabytes: number): string | null {
  const dir = mkdtempSync(join(tmpdir(), "shoal-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", dir], { stdio: "ignore" });
  } catch {
    t.skip("mounting a file system takes root");
    return null;
  }
  t.after(() => {
    execFileSync("umount", ["-l", dir]);
    rmSync(dir, { recursive: true });
  });
  return dir;
}

async function torrentOf(scene: Scene, bytes: number): Promise<string> {
  const path = join(scene.dir, "film.mkv");
  writeFileSync(path, Buffer.alloc(bytes, "film"));
  const made = await createTorrent(path);
  return Buffer.from(made.bytes).toString("base64");
}

describe("free space", () => {
  test("what does not fit besides what is to stay free is refused, unless somebody wants to wait", async (t) => {
    const downloadDir = smallDisk(t, 16);
    if (downloadDir === null) return;
    const scene = new Scene(t, {}, { "downloads.reserve": 8 * MB });
    await scene.start();
    const torrent = await torrentOf(scene, 10 * MB);
    const refused = await scene.call("POST", "/torrents", { torrent, downloadDir });
    const error = refused.body["error"] as { code: string; message: string; advice: string };
    assert.deepEqual([refused.status, error.code], [507, "ERR_NO_SPACE"]);
    assert.match(
      error.message,
      /^film\.mkv needs 10 MB, but .*shoal-disk-.* has 16\.8 MB free, and 8 MB are to stay free$/,
    );
    assert.match(error.advice, /add it anyway/);
    const folder = join(scene.dir, "films");
    mkdirSync(folder);
    for (const [name, size] of [
      ["large", 10 * MB],
      ["small", MB],
    ] as const)
      writeFileSync(join(folder, name), Buffer.alloc(size, name));
    const films = Buffer.from((await createTorrent(folder)).bytes).toString("base64");
    const wanted = { torrent: films, downloadDir };
    assert.equal((await scene.call("POST", "/torrents", wanted)).status, 507);
    assert.equal((await scene.call("POST", "/torrents", { ...wanted, select: ["small"] })).status, 201);
    assert.equal((await scene.call("DELETE", "/torrents/1")).status, 200);
    const added = await scene.call("POST", "/torrents", { torrent, downloadDir, ignoreSpace: true });
    assert.equal(added.status, 201);
    const now = async (): Promise<Torrent> =>
      (await scene.call("GET", `/torrents/${String(added.body["id"])}`)).body as unknown as Torrent;
    const waiting = await poll("it waits", async () => {
      const { state, waiting: why } = await now();
      return /needed in/.test(why?.message ?? "") && { state, why: why! };
    });
    assert.match(
      waiting.why.message,
      /10 MB needed in .*shoal-disk-.*, .* free besides 8 MB that are kept free/,
    );
  });

  test("a download stops at what is to stay free, and goes on when there is room", async (t) => {
    const downloadDir = smallDisk(t, 24);
    if (downloadDir === null) return;
    const source = new Scene(t);
    const { node } = await source.start();
    const torrent = await torrentOf(source, 12 * MB);
    await source.call("POST", "/shares", { paths: [join(source.dir, "film.mkv")] });
    await poll("it is shared", () => node.transfers.list().length === 1);
    const scene = new Scene(t, {}, { "downloads.reserve": 2 * MB });
    await scene.start();
    const peers = [`127.0.0.1:${node.session.endpoint!.port}`];
    const other = join(downloadDir, "somebody else's");
    await scene.call("POST", "/torrents", { torrent, downloadDir, peers, paused: true });
    writeFileSync(other, Buffer.alloc(22.5 * 1_048_576));
    await scene.call("POST", "/torrents/1/resume", {});
    const now = async (): Promise<Torrent> =>
      (await scene.call("GET", "/torrents/1")).body as unknown as Torrent;
    await poll("it waits", async () => (await now()).waiting?.code === "disk-full");
    rmSync(other);
    await scene.call("POST", "/torrents/1/resume", {});
    await poll("it is complete", async () => (await now()).state === "seeding");
  });
});

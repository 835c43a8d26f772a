import assert from "node:assert/strict";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { createTorrent, parseMagnet, parseMetainfo } from "@shoal/engine";
import { type Answer, ask, Scene } from "../scene.js";

type View = Record<string, unknown>;

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;
const FILES = { "a.txt": 20_000, "b.txt": 30_000, "sub/c.txt": 10_000 };

/** A folder with three files, and its torrent in base64. */
async function made(scene: Scene): Promise<{ readonly dir: string; readonly torrent: string }> {
  const dir = join(scene.dir, "made");
  for (const [path, size] of Object.entries(FILES)) {
    mkdirSync(join(dir, "box", "sub"), { recursive: true });
    writeFileSync(join(dir, "box", path), Buffer.alloc(size, path));
  }
  const { bytes } = await createTorrent(join(dir, "box"), { kind: "v1", pieceLength: 16_384 });
  return { dir, torrent: Buffer.from(bytes).toString("base64") };
}

/** A daemon with the transfer 1 of the folder, of which everything is there. */
async function withBox(t: TestContext): Promise<{ readonly scene: Scene; readonly dir: string }> {
  const scene = new Scene(t);
  await scene.start();
  const { dir, torrent } = await made(scene);
  const { status, body } = await scene.call("POST", "/torrents", { torrent, downloadDir: dir });
  assert.equal(status, 201, JSON.stringify(body));
  await until(scene, "seeding");
  return { scene, dir };
}

async function until(scene: Scene, state: string): Promise<View> {
  const end = Date.now() + 20_000;
  for (;;) {
    const { body } = await scene.call("GET", "/torrents/1");
    if (body["state"] === state) return body;
    assert.ok(Date.now() < end, `it is ${String(body["state"])}, not ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function priorities({ body }: Answer): number[] {
  return (body["files"] as { priority: number }[]).map(({ priority }) => priority);
}

function code({ body }: Answer): string {
  return (body["error"] as { code: string }).code;
}

async function again(scene: Scene): Promise<void> {
  await scene.stop();
  await scene.start();
}

describe("what is done to one transfer", () => {
  test("files: which are wanted, and how much, also after a restart", async (t) => {
    const { scene } = await withBox(t);
    assert.deepEqual(priorities(await scene.call("GET", "/torrents/1/files")), [4, 4, 4]);
    const changed = await scene.call("PATCH", "/torrents/1/files", { skip: [0], high: [1], low: [2] });
    assert.deepEqual(priorities(changed), [0, 7, 1]);
    await again(scene);
    assert.deepEqual(priorities(await scene.call("GET", "/torrents/1/files")), [0, 7, 1]);
    const wanted = await scene.call("PATCH", "/torrents/1/files", { want: [0, 1] });
    assert.deepEqual(priorities(wanted), [4, 7, 1]);
    const unknown = await scene.call("PATCH", "/torrents/1/files", { skip: [7] });
    assert.deepEqual([unknown.status, code(unknown)], [404, "ERR_NOT_FOUND"]);
    assert.equal((await scene.call("PATCH", "/torrents/1/files", { skip: [-1] })).status, 400);
  });

  test("files are selected when it is added, by patterns and numbers", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const { torrent } = await made(scene);
    await scene.call("POST", "/torrents", {
      torrent,
      paused: true,
      select: ["*.txt"],
      priorities: [
        { files: "2", priority: "high" },
        { files: "sub", priority: "skip" },
      ],
    });
    assert.deepEqual(priorities(await scene.call("GET", "/torrents/1/files")), [4, 7, 0]);
    await again(scene);
    assert.deepEqual(priorities(await scene.call("GET", "/torrents/1/files")), [4, 7, 0]);
    const bad = await scene.call("POST", "/torrents", { magnet: MAGNET, select: ["0"] });
    assert.deepEqual([bad.status, code(bad)], [400, "ERR_VALIDATION"]);
  });

  test("move: to another folder, adopted where it is, and not where a token may not", async (t) => {
    const { scene, dir } = await withBox(t);
    const to = join(scene.downloadDir, "there");
    const moved = await scene.call("POST", "/torrents/1/move", { dir: to });
    assert.deepEqual(moved.body, { dir: to, moving: false, doneBytes: null, totalBytes: null });
    assert.ok(existsSync(join(to, "box/sub/c.txt")) && !existsSync(join(dir, "box")));
    await again(scene);
    assert.equal((await until(scene, "seeding"))["downloadDir"], to);
    const other = join(scene.dir, "other");
    mkdirSync(other);
    renameSync(join(to, "box"), join(other, "box"));
    const adopted = await scene.call("POST", "/torrents/1/move", { dir: other, adopt: true });
    assert.equal(adopted.status, 200, JSON.stringify(adopted.body));
    assert.equal((await until(scene, "seeding"))["downloadDir"], other);
    assert.equal((await scene.call("POST", "/torrents/1/move", { dir: "here" })).status, 400);
    const { ui, node } = await restarted(scene);
    const { secret } = await node.tokens.create("test", "control");
    const headers = { authorization: `Bearer ${secret}` };
    assert.equal((await ask({ ...ui, headers }, "POST", "/torrents/1/move", { dir: "/etc" })).status, 403);
  });

  test("rename: the torrent, a folder, a file; nothing else", async (t) => {
    const { scene, dir } = await withBox(t);
    const rename = (body: object): Promise<Answer> => scene.call("POST", "/torrents/1/rename", body);
    assert.equal((await rename({ name: "chest" })).body["name"], "chest");
    assert.equal((await rename({ path: "chest/sub", name: "deep" })).status, 200);
    assert.equal((await rename({ path: "chest/deep/c.txt", name: "d.txt" })).status, 200);
    assert.ok(existsSync(join(dir, "chest/deep/d.txt")));
    await again(scene);
    assert.equal((await until(scene, "seeding"))["name"], "chest");
    assert.equal((await rename({ path: "chest/none", name: "x" })).status, 404);
    assert.equal((await rename({ path: "chest/a.txt", name: "../x" })).status, 400);
    assert.equal((await rename({ path: "chest/a.txt", name: "b.txt" })).status, 400);
    assert.ok(existsSync(join(dir, "chest/a.txt")));
  });

  test("trackers: added, replaced and removed, also of a link, and after a restart", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const first = "http://127.0.0.1:9/announce";
    const second = "udp://127.0.0.1:9/announce";
    await scene.call("POST", "/torrents", { magnet: MAGNET, paused: true, trackers: [first] });
    await again(scene);
    const urls = ({ body }: Answer): string[] =>
      (body["trackers"] as { url: string }[]).map(({ url }) => url).sort();
    assert.deepEqual(urls(await scene.call("GET", "/torrents/1/trackers")), [first]);
    const added = await scene.call("PATCH", "/torrents/1/trackers", { add: [second] });
    assert.deepEqual(urls(added), [first, second]);
    const third = "https://127.0.0.1:9/announce";
    await scene.call("PATCH", "/torrents/1/trackers", { replace: [{ from: second, to: third }] });
    await scene.call("PATCH", "/torrents/1/trackers", { remove: [first] });
    await again(scene);
    assert.deepEqual(urls(await scene.call("GET", "/torrents/1/trackers")), [third]);
    const { magnet } = (await scene.call("GET", "/torrents/1/magnet")).body as { magnet: string };
    assert.deepEqual(parseMagnet(magnet).trackers, [third]);
    assert.equal((await scene.call("PATCH", "/torrents/1/trackers", { remove: [first] })).status, 404);
    const bad = await scene.call("PATCH", "/torrents/1/trackers", { add: ["ftp://x"] });
    assert.deepEqual([bad.status, code(bad)], [400, "ERR_INVALID_ARGUMENT"]);
  });

  test("recheck, announce, peers, pieces and the .torrent file", async (t) => {
    const { scene } = await withBox(t);
    for (const path of ["recheck", "announce"])
      assert.equal((await scene.call("POST", `/torrents/1/${path}`, {})).status, 200, path);
    await until(scene, "seeding");
    assert.equal((await scene.call("POST", "/torrents/1/peers", { peers: ["127.0.0.1:9"] })).status, 200);
    assert.equal((await scene.call("POST", "/torrents/1/peers", { peers: ["nobody"] })).status, 400);
    const pieces = await scene.call("GET", "/torrents/1/pieces");
    assert.deepEqual([pieces.body["pieceCount"], pieces.body["have"]], [4, "8A=="]);
    const { ui, node } = await restarted(scene);
    const { secret } = await node.tokens.create("test", "read");
    const headers = { authorization: `Bearer ${secret}` };
    const file = await fetch(`${ui.url}/api/v1/torrents/1/torrent-file`, { headers });
    assert.equal(file.headers.get("content-type"), "application/x-bittorrent");
    assert.equal(parseMetainfo(new Uint8Array(await file.arrayBuffer())).name, "box");
    await scene.call("POST", "/torrents", { magnet: MAGNET });
    const unknown = await scene.call("GET", "/torrents/2/torrent-file");
    assert.deepEqual([unknown.status, code(unknown)], [409, "ERR_NO_METADATA"]);
  });
});

test("the same is done to many, and each has its own result", async (t) => {
  const { scene } = await withBox(t);
  await scene.call("POST", "/torrents", { magnet: MAGNET });
  const act = (body: object): Promise<Answer> =>
    scene.call("POST", "/torrents/actions", { ids: [2, 9, 1], ...body });
  const paused = await act({ action: "pause" });
  assert.deepEqual(paused.body, {
    schema: 1,
    done: 2,
    failed: 1,
    results: [
      { id: 2, ok: true },
      { id: 9, ok: false, error: { code: "ERR_NOT_FOUND", message: "There is no transfer 9" } },
      { id: 1, ok: true },
    ],
  });
  assert.equal((await act({ action: "label", labels: { add: ["x", "y"] } })).body["done"], 2);
  assert.equal((await act({ action: "label", labels: { remove: ["x"] } })).body["done"], 2);
  assert.equal((await act({ action: "set", changes: { sequential: true } })).body["done"], 2);
  assert.equal((await act({ action: "queue", queue: { move: "bottom" } })).body["done"], 2);
  const list = (await scene.call("GET", "/torrents")).body["torrents"] as View[];
  for (const { state, labels, sequential } of list)
    assert.deepEqual([state, labels, sequential], ["paused", ["y"], true]);
  assert.equal((await act({ action: "queue" })).status, 400);
  assert.equal((await act({ action: "label" })).body["failed"], 3);
  assert.equal((await act({ action: "explode" })).status, 400);
  assert.equal((await act({ action: "remove" })).body["done"], 2);
  assert.deepEqual((await scene.call("GET", "/torrents")).body["torrents"], []);
});

async function restarted(scene: Scene): ReturnType<Scene["start"]> {
  await scene.stop();
  return scene.start();
}

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTorrent } from "@shoal/engine";
import { ask, Scene } from "../scene.js";

type View = Record<string, unknown>;

/** A torrent of a file that nobody has, in base64. */
async function torrentOf(scene: Scene, name: string): Promise<string> {
  mkdirSync(join(scene.dir, "made"), { recursive: true });
  const path = join(scene.dir, "made", name);
  writeFileSync(path, `what is in ${name}`);
  const { bytes } = await createTorrent(path);
  return Buffer.from(bytes).toString("base64");
}

async function addAll(scene: Scene, names: readonly string[], more: object = {}): Promise<void> {
  for (const name of names) {
    const torrent = await torrentOf(scene, name);
    const { status, body } = await scene.call("POST", "/torrents", { torrent, ...more });
    assert.equal(status, 201, JSON.stringify(body));
  }
}

async function list(scene: Scene): Promise<View[]> {
  return (await scene.call("GET", "/torrents")).body["torrents"] as View[];
}

/** Waits for the daemon to have come to it. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function names(scene: Scene, state: string): Promise<string> {
  const found = (await list(scene)).filter((view) => view["state"] === state);
  return found.map(({ name }) => String(name)).join("");
}

async function shared(scene: Scene, name: string): Promise<View> {
  const path = join(scene.dir, name);
  writeFileSync(path, `my own ${name}`);
  await scene.call("POST", "/shares", { paths: [path] });
  await until("the share", async () => (await names(scene, "seeding")).includes(name));
  return (await list(scene)).find((view) => view["name"] === name)!;
}

describe("the queue", () => {
  test("runs as many as the setting says, in an order that is kept", async (t) => {
    const scene = new Scene(t, {}, { "queue.downloads": 2 });
    await scene.start();
    await addAll(scene, ["a", "b", "c", "d"]);
    await until("two run", async () => (await names(scene, "downloading")) === "ab");
    assert.equal(await names(scene, "queued"), "cd");
    const [, , , last] = await list(scene);
    const waiting = last!["waiting"] as View;
    assert.deepEqual(
      [waiting["code"], waiting["message"]],
      ["queued", "in the queue behind one other; 2 run at once"],
    );
    const moved = await scene.call("POST", "/torrents/4/queue", { move: "top" });
    assert.equal(moved.status, 200);
    await until("the first runs", async () => (await names(scene, "downloading")) === "ad");
    await scene.call("PATCH", "/torrents/3", { forced: true });
    await until("the forced one runs", async () => (await names(scene, "downloading")) === "acd");
    await scene.stop();
    await scene.start();
    await until("the same run", async () => (await names(scene, "downloading")) === "acd");
    const ranks = (await list(scene)).map(({ name, rank }) => ({ name, rank: Number(rank) }));
    const order = ranks.sort((a, b) => a.rank - b.rank).map(({ name }) => name);
    assert.deepEqual(order, ["d", "a", "b", "c"]);
    assert.equal((await scene.call("POST", "/torrents/4/queue", {})).status, 400);
    assert.equal((await scene.call("POST", "/torrents/9/queue", { move: "up" })).status, 404);
  });
});

describe("goals of sharing", () => {
  test("what has reached its goal is finished, also after a restart, and a raised goal goes on with it", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const { id } = await shared(scene, "mine");
    assert.equal((await scene.call("PATCH", `/torrents/${String(id)}`, { goals: { ratio: 0 } })).status, 200);
    const isFinished = async (): Promise<boolean> => (await list(scene))[0]!["state"] === "finished";
    await until("the goal", isFinished);
    const [view] = await list(scene);
    assert.equal(view!["reached"], "ratio");
    const waiting = view!["waiting"] as View;
    assert.deepEqual(
      [waiting["code"], waiting["message"]],
      ["paused-rule", "sharing has ended: it was only to be fetched"],
    );
    await scene.stop();
    await scene.start();
    await until("the goal", isFinished);
    await scene.call("PATCH", `/torrents/${String(id)}`, { goals: { ratio: 3 } });
    await until("it is shared", async () => (await list(scene))[0]!["state"] === "seeding");
    assert.equal((await list(scene))[0]!["reached"], null);
  });

  test("a label's goal holds for its transfers; who resumes all the same wants more", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const { id } = await shared(scene, "mine");
    const path = `/torrents/${String(id)}`;
    await scene.call("PATCH", path, { labels: ["films"] });
    assert.equal((await scene.call("PUT", "/labels/films", { goals: { timeMs: 0 } })).status, 200);
    await until("the goal", async () => (await list(scene))[0]!["state"] === "finished");
    assert.equal((await list(scene))[0]!["reached"], "time");
    await scene.call("POST", `${path}/resume`, {});
    await until("it is shared", async () => (await list(scene))[0]!["state"] === "seeding");
    assert.deepEqual((await list(scene))[0]!["goals"], { timeMs: null });
  });
});

describe("labels", () => {
  test("have a folder for what is fetched, and outlive the process", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const folder = join(scene.dir, "films");
    await scene.call("PUT", "/labels/films", { folder, goals: { ratio: 1 } });
    await addAll(scene, ["a"], { labels: ["new", "films"] });
    assert.equal((await list(scene))[0]!["downloadDir"], folder);
    await scene.stop();
    await scene.start();
    assert.deepEqual((await scene.call("GET", "/labels")).body["labels"], [
      { name: "films", folder, goals: { ratio: 1 }, torrents: 1 },
      { name: "new", folder: null, goals: {}, torrents: 1 },
    ]);
    assert.equal((await scene.call("DELETE", "/labels/films")).status, 200);
    assert.deepEqual((await list(scene))[0]!["labels"], ["new"]);
    assert.equal((await scene.call("DELETE", "/labels/films")).status, 404);
    for (const [name, body] of [
      ["a,b", {}],
      ["-x", {}],
      ["x", { folder: "relative" }],
      ["x", { goals: { ratio: -1 } }],
      ["x", { surprise: 1 }],
    ] as const)
      assert.equal((await scene.call("PUT", `/labels/${encodeURIComponent(name)}`, body)).status, 400, name);
  });

  test("a token that is not admin names folders within those that are allowed", async (t) => {
    const scene = new Scene(t);
    const { ui, node } = await scene.start();
    const { secret } = await node.tokens.create("test", "control");
    const headers = { authorization: `Bearer ${secret}` };
    const put = async (folder: string): Promise<number> =>
      (await ask({ ...ui, headers }, "PUT", "/labels/x", { folder })).status;
    assert.equal(await put("/etc"), 403);
    assert.equal(await put(join(scene.downloadDir, "x")), 200);
    const torrent = await torrentOf(scene, "a");
    const added = await ask({ ...ui, headers }, "POST", "/torrents", { torrent, downloadDir: "/etc" });
    assert.equal(added.status, 403);
  });
});

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { createTorrent } from "@shoal/engine";
import type { KnownFile, Share, Torrent } from "@shoal/schema";
import type { SettingValues } from "@shoal/schema/settings";
import { poll } from "@shoal/testkit";
import { fileId } from "../../dist/files/file-id.js";
import { Scene } from "../scene.js";

/** A sender of a folder with two files, and a node that knows the torrent. */
async function setUp(
  t: TestContext,
  kind: "hybrid" | "v1",
  flags: Partial<SettingValues> = {},
): Promise<{
  readonly scene: Scene;
  readonly torrent: string;
  readonly peers: string[];
  readonly ids: string[];
}> {
  const source = new Scene(t);
  const { node } = await source.start();
  const folder = join(source.dir, "Album");
  mkdirSync(folder);
  for (const name of ["a.flac", "b.flac"]) writeFileSync(join(folder, name), `${name} `.repeat(50_000));
  await source.call("POST", "/shares", { paths: [folder], kind });
  await poll("it is shared", () => node.transfers.list()[0]?.torrent.state === "seeding");
  const made = await createTorrent(folder, { kind });
  const scene = new Scene(t, {}, flags);
  await scene.start();
  return {
    scene,
    torrent: Buffer.from(made.bytes).toString("base64"),
    peers: [`127.0.0.1:${node.session.endpoint!.port}`],
    ids: made.metainfo.layout.files
      .filter(({ pad }) => !pad)
      .map(({ index }) => fileId(made.metainfo, index)),
  };
}

async function known(scene: Scene, id: string): Promise<KnownFile> {
  const { body, status } = await scene.call("GET", `/files/${id}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as KnownFile;
}

function complete(scene: Scene, id: number): Promise<Torrent> {
  return poll("it is complete", async () => {
    const { body } = await scene.call("GET", `/torrents/${id}`);
    const torrent = body as unknown as Torrent;
    return ["finished", "seeding"].includes(torrent.state) && torrent.have > 0 && torrent;
  });
}

/** Has a path shared. */
async function share(scene: Scene, path: string): Promise<Pick<Share, "torrentId" | "unchanged">> {
  const { body } = await scene.call("POST", "/shares", { paths: [path] });
  const [{ id }] = body["shares"] as [Share];
  return poll("it is shared", async () => {
    const { state, torrentId, unchanged } = (await scene.call("GET", `/shares/${id}`))
      .body as unknown as Share;
    return state === "shared" && { torrentId, unchanged };
  });
}

describe("files by their ids", () => {
  test("one of a removed transfer is fetched again, alone; the other one later", async (t) => {
    const { scene, torrent, peers, ids } = await setUp(t, "hybrid");
    const [a, b] = ids as [string, string];
    await scene.call("POST", "/torrents", { torrent, paused: true });
    const found = await known(scene, a.slice(0, 8).toUpperCase());
    assert.deepEqual([found.id, found.size], [a, 350_000]);
    assert.deepEqual(
      found.places.map(({ torrentId, path }) => [torrentId, path]),
      [[1, "Album/a.flac"]],
    );
    await scene.call("DELETE", "/torrents/1");
    assert.equal((await known(scene, a)).places[0]?.torrentId, null);
    await scene.stop();
    await scene.start();
    const got = await scene.call("POST", `/files/${b.slice(0, 10)}/get`, { peers });
    assert.equal(got.status, 200, JSON.stringify(got.body));
    const id = got.body["id"] as number;
    assert.equal((await complete(scene, id)).have, 350_000);
    assert.equal(readFileSync(join(scene.downloadDir, "Album", "b.flac"), "utf8"), "b.flac ".repeat(50_000));
    assert.throws(() => readFileSync(join(scene.downloadDir, "Album", "a.flac")));
    assert.equal((await scene.call("POST", `/files/${a}/get`, {})).body["id"], id);
    await poll("both are there", async () => (await complete(scene, id)).have === 700_000);
    assert.equal((await known(scene, a)).places[0]?.torrentId, id);
  });

  test("what was downloaded is shared again after its removal without being read", async (t) => {
    const { scene, torrent, peers, ids } = await setUp(t, "hybrid");
    await scene.call("POST", "/torrents", { torrent, peers });
    await complete(scene, 1);
    await scene.call("DELETE", "/torrents/1");
    const checks: string[] = [];
    await scene.stop();
    const { node } = await scene.start();
    node.session.on((event) => {
      if (event.type === "torrent" && event.event.type === "checked") checks.push(event.event.reason);
    });
    const got = await scene.call("POST", `/files/${ids[0]}/get`, {});
    const again = await complete(scene, got.body["id"] as number);
    assert.equal(again.have, again.wanted);
    assert.deepEqual(checks, []);
  });

  test("the path of what was downloaded is shared as it is, without being read, also when it was removed long ago", async (t) => {
    const { scene, torrent, peers } = await setUp(t, "v1", { "trash.keep": null });
    const album = join(scene.downloadDir, "Album");
    await scene.call("POST", "/torrents", { torrent, peers });
    const { v1 } = await complete(scene, 1);
    await scene.call("POST", "/torrents/1/pause");
    assert.deepEqual(await share(scene, album), { torrentId: 1, unchanged: true });
    assert.equal((await complete(scene, 1)).state, "seeding");

    await scene.call("DELETE", "/torrents/1");
    await poll("it can't be undone", async () => {
      const { body } = await scene.call("GET", "/trash");
      return (body["entries"] as unknown[]).length === 0;
    });
    await scene.stop();
    const { node } = await scene.start();
    const checks: string[] = [];
    node.session.on((event) => {
      if (event.type === "torrent" && event.event.type === "checked") checks.push(event.event.reason);
    });
    const again = await share(scene, album);
    assert.equal(again.unchanged, true);
    assert.equal((await complete(scene, again.torrentId!)).v1, v1);
    assert.deepEqual(checks, []);

    await scene.call("DELETE", `/torrents/${again.torrentId}`);
    writeFileSync(join(album, "a.flac"), "A.flac ".repeat(50_000));
    utimesSync(join(album, "a.flac"), new Date(), new Date(Date.now() + 60_000));
    const changed = await share(scene, album);
    assert.equal(changed.unchanged, false, "what has changed is read");
    assert.notEqual((await complete(scene, changed.torrentId!)).v1, v1);
  });

  test("one is fetched as its user wishes: later, under a label, not too fast", async (t) => {
    const { scene, torrent, peers, ids } = await setUp(t, "hybrid");
    const [a, b] = ids as [string, string];
    await scene.call("POST", "/torrents", { torrent, paused: true, labels: ["music"] });
    await scene.call("DELETE", "/torrents/1");
    const how = { peers, paused: true, labels: ["later"], limits: { down: 1_000_000 }, sequential: true };
    const got = (await scene.call("POST", `/files/${a}/get`, how)).body as unknown as Torrent;
    assert.deepEqual(
      [got.state, got.labels, got.limits.down, got.sequential, got.wanted],
      ["paused", ["later"], 1_000_000, true, 350_000],
    );
    const more = { paused: true, labels: ["more"], limits: { up: 5_000 } };
    const both = (await scene.call("POST", `/files/${b}/get`, more)).body as unknown as Torrent;
    assert.deepEqual(
      [both.id, both.state, both.labels, both.limits.down, both.limits.up, both.wanted],
      [got.id, "paused", ["later", "more"], 1_000_000, 5_000, 700_000],
    );
  });

  test("in a v1 torrent a file is named by the torrent and its place in it", async (t) => {
    const { scene, torrent, ids } = await setUp(t, "v1");
    await scene.call("POST", "/torrents", { torrent, paused: true });
    assert.match(ids[1]!, /^[0-9a-f]{40}:1$/);
    assert.equal((await known(scene, ids[1]!)).places[0]?.path, "Album/b.flac");
  });

  test("what is no id, unknown or not enough is told in words", async (t) => {
    const { scene, torrent, ids } = await setUp(t, "v1");
    await scene.call("POST", "/torrents", { torrent, paused: true });
    for (const [id, status, code] of [
      ["abc", 400, "ERR_VALIDATION"],
      ["zzzzzzzz", 400, "ERR_VALIDATION"],
      ["0123456789", 404, "ERR_NOT_FOUND"],
      [ids[0]!.slice(0, 20), 409, "ERR_AMBIGUOUS"],
    ] as const) {
      const answer = await scene.call("GET", `/files/${id}`);
      assert.deepEqual([answer.status, (answer.body["error"] as { code: string }).code], [status, code], id);
    }
  });
});

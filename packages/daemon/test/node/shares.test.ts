import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { poll } from "@shoal/testkit";
import type { Share, Torrent } from "@shoal/schema";
import { ask, Scene } from "../scene.js";

async function ended(scene: Scene, id: number): Promise<Share> {
  return poll("the share ends", async () => {
    const share = (await scene.call("GET", `/shares/${id}`)).body as unknown as Share;
    return share.state === "waiting" || share.state === "hashing" ? null : share;
  });
}

async function share(scene: Scene, path: string, more: object = {}): Promise<Share> {
  const answer = await scene.call("POST", "/shares", { paths: [path], ...more });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const [first] = answer.body["shares"] as Share[];
  return ended(scene, first!.id);
}

function errorOf({ body }: { readonly body: Record<string, unknown> }): string {
  return (body["error"] as { code: string }).code;
}

describe("shares", () => {
  test("a folder becomes a transfer that is shared in place, also after a restart", async (t) => {
    const scene = new Scene(t);
    const folder = join(scene.dir, "holiday");
    mkdirSync(join(folder, "sub"), { recursive: true });
    writeFileSync(join(folder, "a.txt"), "hello");
    writeFileSync(join(folder, "sub", "b.tmp"), "left out");
    await scene.start();
    const shared = await share(scene, folder, { name: "Other", exclude: ["**/*.tmp"], comment: "hi" });
    assert.deepEqual([shared.state, shared.error, shared.unchanged], ["shared", null, false]);
    const seeding = (): Promise<Torrent> =>
      poll("it is shared", async () => {
        const { body } = await scene.call("GET", `/torrents/${shared.torrentId}`);
        return body["state"] === "seeding" && (body as unknown as Torrent);
      });
    const before = await seeding();
    assert.deepEqual([before.name, before.wanted, before.have], ["Other", 5, 5]);
    assert.equal(before.finishedAt, null, "what was never fetched was never finished");
    await scene.stop();
    await scene.start();
    assert.equal((await seeding()).have, 5);
  });

  test("the same again is not read again; what changed is", async (t) => {
    const scene = new Scene(t);
    const file = join(scene.dir, "film.mkv");
    writeFileSync(file, "x".repeat(100_000));
    await scene.start();
    const first = await share(scene, file);
    const again = await share(scene, file);
    assert.deepEqual([again.state, again.unchanged, again.torrentId], ["shared", true, first.torrentId]);
    await scene.call("DELETE", `/torrents/${first.torrentId}`);
    const back = await share(scene, file);
    assert.deepEqual([back.state, back.unchanged], ["shared", true]);
    assert.notEqual(back.torrentId, first.torrentId);
    writeFileSync(file, "y".repeat(100_001));
    const changed = await share(scene, file);
    assert.deepEqual([changed.state, changed.unchanged], ["shared", false]);
    assert.notEqual(changed.torrentId, back.torrentId);
  });

  test("what can't be shared is told in words", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const empty = join(scene.dir, "empty");
    mkdirSync(empty);
    assert.equal(
      errorOf(await scene.call("POST", "/shares", { paths: [join(scene.dir, "none")] })),
      "ERR_NOT_FOUND",
    );
    assert.equal(errorOf(await scene.call("POST", "/shares", { paths: ["here"] })), "ERR_VALIDATION");
    assert.equal(errorOf(await scene.call("POST", "/shares", { paths: [] })), "ERR_VALIDATION");
    assert.equal(
      errorOf(await scene.call("POST", "/shares", { paths: [empty, empty], name: "x" })),
      "ERR_VALIDATION",
    );
    const failed = await share(scene, empty);
    assert.equal(failed.state, "failed");
    assert.match(failed.error?.message ?? "", /nothing to share/);
    const odd = await share(scene, scene.options.profile.databaseFile, { trackers: ["ftp://x"] });
    assert.match(odd.error?.message ?? "", /can't be a tracker/);
    assert.equal((await scene.call("GET", "/shares/77")).status, 404);
    assert.equal(errorOf(await scene.call("DELETE", `/shares/${failed.id}`)), "ERR_DONE");
  });

  test("what waits for its turn can be cancelled, and outlives the process", async (t) => {
    const scene = new Scene(t);
    const paths = ["one", "two", "three"].map((name) => join(scene.dir, name));
    for (const path of paths) writeFileSync(path, `${path} `.repeat(100_000));
    await scene.start();
    const { body } = await scene.call("POST", "/shares", { paths });
    const [, second] = body["shares"] as Share[];
    // It may have had its turn already.
    const { status } = await scene.call("DELETE", `/shares/${second!.id}`);
    await scene.stop();
    await scene.start();
    const expected = status === 200 ? 2 : 3;
    const list = await poll("what waits is shared", async () => {
      const torrents = (await scene.call("GET", "/torrents")).body["torrents"] as Torrent[];
      return torrents.length === expected ? torrents : null;
    });
    assert.equal(
      list.some(({ name }) => name === "two"),
      status !== 200,
    );
  });

  test("a token that is not admin shares from the download folder alone", async (t) => {
    const scene = new Scene(t);
    const { node, ui } = await scene.start();
    const inside = join(scene.downloadDir, "inside");
    const outside = join(scene.dir, "outside");
    mkdirSync(scene.downloadDir);
    for (const path of [inside, outside]) writeFileSync(path, "data");
    symlinkSync(outside, join(scene.downloadDir, "link"));
    const post = async (scope: "control" | "admin", path: string): Promise<number> => {
      const { secret } = await node.tokens.create(`${scope}${Math.random()}`, scope);
      const headers = { authorization: `Bearer ${secret}` };
      return (await ask({ ...ui, headers }, "POST", "/shares", { paths: [path] })).status;
    };
    assert.equal(await post("control", inside), 202);
    assert.equal(await post("control", outside), 403);
    assert.equal(await post("control", join(scene.downloadDir, "..", "outside")), 403);
    assert.equal(await post("control", join(scene.downloadDir, "link")), 403);
    assert.equal(await post("admin", outside), 202);
    rmSync(outside);
  });
});

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTorrent } from "@shoal/engine";
import { transfer, until } from "../pair.js";
import { Scene } from "../scene.js";

const V1 = "ab".repeat(20);
const urls = async (scene: Scene): Promise<string[]> => {
  const { body } = await scene.call("GET", "/torrents/1/trackers");
  return (body["trackers"] as { url: string }[]).map(({ url }) => url);
};

describe("what is asked for and is there already", () => {
  test("gets the trackers and peers of the other link, also for the next run", async (t) => {
    const scene = new Scene(t);
    const { node } = await scene.start();
    const first = await scene.call("POST", "/torrents", { magnet: `magnet:?xt=urn:btih:${V1}` });
    assert.equal(first.status, 201);
    const more = `magnet:?xt=urn:btih:${V1}&tr=udp://127.0.0.1:1&tr=odd://x&x.pe=127.0.0.1:2`;
    const again = await scene.call("POST", "/torrents", { magnet: more, trackers: ["http://127.0.0.1:3/a"] });
    assert.equal(again.status, 409);
    assert.deepEqual(
      again.body["error"] && (again.body["error"] as { code: string }).code,
      "ERR_DUPLICATE_TORRENT",
    );
    assert.deepEqual(await urls(scene), ["http://127.0.0.1:3/a", "udp://127.0.0.1:1"]);
    assert.ok(node.session.torrents()[0]!.live!.swarm.connections.list.size > 0);
    await scene.stop();
    await scene.start();
    assert.deepEqual(await urls(scene), ["http://127.0.0.1:3/a", "udp://127.0.0.1:1"]);
  });

  test("takes nothing from a link when it is private", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    writeFileSync(join(scene.dir, "a"), Buffer.alloc(50_000, 7));
    const { bytes, metainfo } = await createTorrent(join(scene.dir, "a"), {
      kind: "v1",
      private: true,
      trackers: [["http://127.0.0.1:1/announce"]],
    });
    const torrent = Buffer.from(bytes).toString("base64");
    await scene.call("POST", "/torrents", { torrent, downloadDir: scene.dir });
    await until(scene, 1, ({ state }) => state === "seeding");
    const hash = Buffer.from(metainfo.infoHashes.v1!).toString("hex");
    const magnet = `magnet:?xt=urn:btih:${hash}&tr=http://127.0.0.1:2/announce`;
    assert.equal((await scene.call("POST", "/torrents", { magnet })).status, 409);
    assert.deepEqual(await urls(scene), ["http://127.0.0.1:1/announce"]);
    assert.equal((await transfer(scene, 1)).state, "seeding");
  });
});

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, test } from "node:test";
import { type Answer, ask, Scene } from "../scene.js";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;

const one = { id: 1, name: "hello", v1: "ab".repeat(20), v2: null };

function torrents({ body }: Answer): Record<string, unknown>[] {
  return body["torrents"] as Record<string, unknown>[];
}

describe("a node", () => {
  test("keeps its transfers, and what the user wants of them, over a restart", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    const added = await scene.call("POST", "/torrents", { magnet: MAGNET, labels: ["films"] });
    assert.equal(added.status, 201);
    assert.deepEqual(added.body, { ...added.body, ...one, state: "metadata", labels: ["films"] });
    assert.equal((await scene.call("POST", "/torrents/1/pause", {})).body["state"], "paused");
    const wishes = { sequential: true, firstLast: true, forced: true, goals: { ratio: null, timeMs: 1000 } };
    const changed = await scene.call("PATCH", "/torrents/1", { ...wishes, labels: ["films", "old"] });
    assert.deepEqual(changed.body, { ...changed.body, ...wishes });
    await scene.stop();
    await scene.start();
    const [found, ...others] = torrents(await scene.call("GET", "/torrents"));
    assert.deepEqual(found, { ...found, ...one, ...wishes, state: "paused", labels: ["films", "old"] });
    assert.deepEqual(others, []);
    assert.equal((await scene.call("POST", "/torrents/1/resume", {})).body["state"], "metadata");
    await scene.call("DELETE", "/torrents/1");
    await scene.stop();
    await scene.start();
    assert.deepEqual(torrents(await scene.call("GET", "/torrents")), []);
    const again = await scene.call("POST", "/torrents", { magnet: MAGNET });
    assert.equal(again.body["id"], 2, "a number is given out once");
  });

  test("says in one sentence what it can't do", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    await scene.call("POST", "/torrents", { magnet: MAGNET });
    for (const [status, code, body] of [
      [409, "ERR_DUPLICATE_TORRENT", { magnet: MAGNET }],
      [400, "ERR_MAGNET", { magnet: "magnet:?dn=x" }],
      [400, "ERR_BENCODE", { torrent: "AAAA" }],
      [400, "ERR_VALIDATION", {}],
      [400, "ERR_VALIDATION", { magnet: MAGNET, infoHash: "ab".repeat(20) }],
      [400, "ERR_VALIDATION", { magnet: MAGNET, downloadDir: "relative" }],
      [400, "ERR_VALIDATION", { magnet: MAGNET, surprise: true }],
    ] as const) {
      const answer = await scene.call("POST", "/torrents", body);
      const error = answer.body["error"] as { code: string; message: string };
      assert.deepEqual([answer.status, error.code], [status, code], JSON.stringify(body));
      assert.ok(error.message.length > 5);
    }
    assert.equal((await scene.call("GET", "/torrents/9")).status, 404);
    assert.equal((await scene.call("GET", "/torrents/x")).status, 400);
    assert.equal(torrents(await scene.call("GET", "/torrents")).length, 1);
  });

  test("opens its socket to its user only, and the web address to those with a token", async (t) => {
    const scene = new Scene(t);
    const { ui, node } = await scene.start();
    if (process.platform !== "win32")
      assert.equal(statSync(scene.options.profile.socket).mode & 0o777, 0o600);
    assert.equal((await ask(ui, "GET", "/torrents")).status, 401);
    const { secret } = await node.tokens.create("test", "read");
    const headers = { authorization: `Bearer ${secret}` };
    const answer = await fetch(`http://127.0.0.1:${ui.port}/api/v1/info`, { headers });
    assert.equal(((await answer.json()) as { version: string }).version, "1.2.3");
  });
});

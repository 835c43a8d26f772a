import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LoginDelays } from "@shoal/server";
import { rawRequest, RpcClient } from "../rpc-client.js";
import { openRpcScene } from "../rpc-scene.js";

const BODY = JSON.stringify({ method: "session-stats" });

describe("who gets to Transmission's RPC", () => {
  test("is asked for a password first, then for the session id, then for POST", async (t) => {
    const { daemon, rpc } = await openRpcScene(t);
    const { port } = daemon.ui;
    const { authorization } = rpc;
    const session = { authorization, "x-transmission-session-id": "wrong" };
    for (const path of ["/transmission/rpc", "/transmission/rpc/"]) {
      for (const method of ["GET", "POST"]) {
        const status = async (headers: Record<string, string>): Promise<number> =>
          (await rawRequest(port, { path, method, headers, body: method === "GET" ? "" : BODY })).status;
        assert.equal(await status({}), 401);
        assert.equal(await status({ authorization: "Bearer x" }), 401);
        assert.equal(await status({ authorization }), 409);
        assert.equal(await status(session), 409);
      }
      const refused = await rawRequest(port, { path, method: "GET", headers: { authorization } });
      const id = String(refused.headers["x-transmission-session-id"]);
      assert.match(id, /^[\w-]{32}$/);
      assert.match(refused.body.toString(), new RegExp(`X-Transmission-Session-Id: ${id}`));
      const signedIn = { authorization, "x-transmission-session-id": id };
      assert.equal((await rawRequest(port, { path, method: "GET", headers: signedIn })).status, 405);
      assert.equal((await rawRequest(port, { path, headers: signedIn, body: BODY })).status, 200);
    }
    assert.equal((await rawRequest(port, { path: "/transmission/other", method: "GET" })).status, 404);
  });

  test("may come by any name with a password, and by ours alone without (CVE-2018-5702)", async (t) => {
    const { daemon, rpc } = await openRpcScene(t);
    const { port } = daemon.ui;
    const status = async (host: string, headers: Record<string, string> = {}): Promise<number> =>
      (await rawRequest(port, { headers: { host, ...headers }, body: BODY })).status;
    assert.equal(await status("evil.example"), 421);
    assert.equal(await status("evil.example:9091", { authorization: "Basic eDp5" }), 421);
    assert.equal(await status("127.0.0.1"), 401);
    assert.equal(await status("localhost:1"), 401);
    // The name of a container: its program sends the password only when asked.
    assert.equal(await status("shoal:9091"), 401);
    const { authorization } = rpc;
    assert.equal(await status("torrents.example.org", { authorization }), 409);
  });

  test("does what its token may: reading alone, or everything but the end", async (t) => {
    const { rpc, client } = await openRpcScene(t);
    const reader = await client("read");
    assert.deepEqual(await reader.torrents(["id"]), []);
    assert.ok((await reader.ask("session-get"))["version"]);
    const refusal = /may read, and this needs/;
    for (const method of [
      "torrent-add",
      "torrent-set",
      "torrent-remove",
      "torrent-start",
      "session-set",
      "queue-move-top",
    ])
      assert.match(
        (await reader.call(method, { filename: "magnet:?xt=urn:btih:x" })).result,
        refusal,
        method,
      );
    for (const who of [reader, rpc]) assert.match((await who.call("session-close")).result, /needs admin/);
  });

  test("waits longer with each wrong password, but not for a program that has not given one yet", () => {
    const delays = new LoginDelays();
    const waits = Array.from({ length: 9 }, (_, i) => delays.failed("a", i));
    assert.deepEqual(waits, [0, 0, 250, 500, 1000, 2000, 4000, 8000, 8000]);
    assert.equal(delays.failed("b", 9), 0);
    delays.succeeded("a");
    assert.equal(delays.failed("a", 10), 0);
    assert.equal(delays.failed("a", 10 + 16 * 60_000), 0);
  });

  test("gets no further for asking without a password, however often", async (t) => {
    const { daemon, rpc } = await openRpcScene(t);
    const started = performance.now();
    for (let i = 0; i < 30; i++) assert.equal((await rawRequest(daemon.ui.port, { body: BODY })).status, 401);
    assert.equal((await rpc.call("session-stats")).result, "success");
    // Thirty failures would have taken minutes.
    assert.ok(performance.now() - started < 60_000);
  });

  test("finds it alone on a port of its own", async (t) => {
    const { daemon, rpc } = await openRpcScene(t, { "rpc.port": 0 });
    const url = new URL(daemon.rpc!);
    assert.equal(url.hostname, "127.0.0.1");
    assert.notEqual(Number(url.port), daemon.ui.port);
    const [user, password] = Buffer.from(rpc.authorization.slice(6), "base64").toString().split(":");
    const there = new RpcClient(Number(url.port), user!, password!);
    assert.equal((await there.call("session-stats")).result, "success");
    for (const path of ["/", "/api/v1/info", "/metrics"])
      assert.equal((await rawRequest(there.port, { method: "GET", path })).status, 404, path);
    const page = await there.ask("session-get", { fields: ["session-id"] });
    assert.deepEqual(page, await rpc.ask("session-get", { fields: ["session-id"] }), "one session for both");
  });

  test("does not find it where it is switched off", async (t) => {
    const { daemon, rpc, client } = await openRpcScene(t, { "rpc.enabled": false, "rpc.port": 0 });
    assert.equal(daemon.rpc, null);
    const headers = { "content-type": "application/json" };
    for (const who of [rpc, await client("admin")])
      assert.equal((await who.raw({ body: BODY, headers })).status, 404);
  });

  test("may send 64 MB, which is read of nobody else", async (t) => {
    const { daemon, rpc } = await openRpcScene(t);
    const large = JSON.stringify({
      method: "session-stats",
      arguments: { padding: "x".repeat(64 * 1024 * 1024) },
    });
    assert.equal((await rpc.raw({ body: BODY })).status, 200);
    assert.equal((await rpc.raw({ body: large, headers: { expect: "100-continue" } })).status, 200);
    const stranger = rawRequest(daemon.ui.port, { body: large });
    // The answer comes before the body has gone, and the connection may end under it.
    const status = await stranger.then(
      ({ status }) => status,
      () => 401,
    );
    assert.equal(status, 401);
  });

  test("is told what is wrong with a request in one line, and a broken one harms nobody", async (t) => {
    const { rpc } = await openRpcScene(t);
    for (const body of ["", "{", "[]", "null", "7", '"x"', JSON.stringify({ arguments: {} })]) {
      const { status, body: answer } = await rpc.raw({ body });
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(answer.toString()), { arguments: {}, result: "no method name" });
    }
    assert.equal((await rpc.call("nonsense")).result, "method name not recognized");
    assert.equal((await rpc.call("constructor")).result, "method name not recognized");
    const none = await rpc.call("torrent-get", {});
    assert.deepEqual(none, { arguments: { torrents: [] }, result: "no fields specified" });
    const { torrents } = await rpc.ask("torrent-get", {
      fields: ["id", "unknown", "constructor"],
      format: "table",
    });
    assert.deepEqual(torrents, [["id"]]);
  });
});

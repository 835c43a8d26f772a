// What programs that speak Transmission's RPC may not do here; numbers as in rpc-pitfalls.test.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { rawRequest } from "../rpc-client.js";
import { makeTorrent, openRpcScene } from "../rpc-scene.js";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("what other programs are not given", () => {
  test("15: free space of a folder that is not there is -1; of one that is none of our business, an error", async (t) => {
    const { rpc, scene } = await openRpcScene(t);
    const missing = join(scene.downloadDir, "none");
    assert.deepEqual(await rpc.ask("free-space", { path: missing }), {
      path: missing,
      "size-bytes": -1,
      total_size: -1,
    });
    assert.ok(((await rpc.ask("free-space", { path: scene.downloadDir }))["size-bytes"] as number) > 0);
    assert.notEqual((await rpc.call("free-space", { path: "/" })).result, "success");
    assert.equal(
      (await rpc.call("free-space", { path: "relative" })).result,
      "directory path is not absolute",
    );
  });

  test("16: the daemon fetches no private address for others, also not behind a redirect, and reads no files", async (t) => {
    const { rpc, scene } = await openRpcScene(t);
    let asked = 0;
    const url = await serve(t, (_request, response) => {
      asked++;
      response.end("secret");
    });
    for (const filename of [
      `${url}/x.torrent`,
      `http://localhost:${new URL(url).port}/x`,
      "http://169.254.169.254/latest",
      "http://[::1]:1/x",
    ])
      assert.match(
        (await rpc.call("torrent-add", { filename })).result,
        /private address|loopback|offline|this machine/,
        filename,
      );
    assert.equal(asked, 0);
    for (const filename of ["/etc/passwd", "file:///etc/passwd", "ftp://127.0.0.1/x", "\\\\host\\share"])
      assert.equal(
        (await rpc.call("torrent-add", { filename })).result,
        "invalid or corrupt torrent file",
        filename,
      );
    const outside = { filename: MAGNET, "download-dir": "/etc" };
    assert.match((await rpc.call("torrent-add", outside)).result, /download folder/);
    mkdirSync(scene.downloadDir, { recursive: true });
    symlinkSync("/etc", join(scene.downloadDir, "link"));
    const linked = { filename: MAGNET, "download-dir": join(scene.downloadDir, "link", "x") };
    assert.match((await rpc.call("torrent-add", linked)).result, /download folder/);
    assert.match((await rpc.call("session-set", { "download-dir": "/etc" })).result, /download folder/);
    assert.deepEqual(await rpc.torrents(["id"]), []);
  });

  test("16: where it is allowed, a .torrent file is fetched, 10 MB at most", async (t) => {
    const { rpc, scene } = await openRpcScene(t, { "downloads.privateUrls": true });
    const { bytes, hash } = await makeTorrent(scene, "film", false);
    const url = await serve(t, (request, response) => {
      if (request.url === "/film.torrent") response.end(bytes);
      else if (request.url === "/moved") response.writeHead(302, { location: "/film.torrent" }).end();
      else if (request.url === "/link") response.writeHead(302, { location: MAGNET }).end();
      else if (request.url === "/script") response.writeHead(302, { location: "javascript:alert(1)" }).end();
      else if (request.url === "/broken") response.writeHead(302, { location: "magnet:?xt=nothing" }).end();
      else if (request.url === "/large") response.end(Buffer.alloc(10_000_001));
      else response.writeHead(404).end();
    });
    assert.match((await rpc.call("torrent-add", { filename: `${url}/none` })).result, /404/);
    assert.match((await rpc.call("torrent-add", { filename: `${url}/large` })).result, /larger than/);
    const answer = await rpc.ask("torrent-add", { filename: `${url}/moved`, paused: true });
    assert.deepEqual(answer["torrent-added"], { id: 1, name: "film", hashString: hash });
    const linked = await rpc.ask("torrent-add", { filename: `${url}/link`, paused: true });
    assert.deepEqual(linked["torrent-added"], { id: 2, name: "hello", hashString: "ab".repeat(20) });
    assert.match((await rpc.call("torrent-add", { filename: `${url}/script` })).result, /not supported/);
    assert.equal(
      (await rpc.call("torrent-add", { filename: `${url}/broken` })).result,
      "invalid or corrupt torrent file",
    );
    const again = await scene.call("POST", "/torrents", { url: `${url}/film.torrent` });
    assert.equal(again.status, 409, "over the API, too");
  });

  test("17: who comes from loopback needs a password as everybody", async (t) => {
    const { daemon } = await openRpcScene(t);
    const { status, body, headers } = await rawRequest(daemon.ui.port, { body: "{}" });
    assert.equal(status, 401);
    assert.match(String(headers["www-authenticate"]), /^Basic realm=/);
    assert.match(body.toString(), /shoal token new --for/);
  });

  test("19: no program to run is set from here, and nothing of the request is then", async (t) => {
    const { rpc, daemon, client } = await openRpcScene(t);
    const admin = await client("admin");
    for (const who of [rpc, admin]) {
      const args = {
        "script-torrent-done-filename": "/bin/sh",
        "speed-limit-down": 5,
        "speed-limit-down-enabled": true,
      };
      assert.match((await who.call("session-set", args)).result, /configuration file/);
      assert.match(
        (await who.call("session-set", { "script-torrent-done-enabled": true })).result,
        /configuration/,
      );
    }
    assert.equal(daemon.node.settings.get("limits.down"), null);
    await rpc.ask("session-set", {
      "script-torrent-done-enabled": false,
      "script-torrent-done-filename": "",
      "cache-size-mb": 4,
    });
  });

  test("22: extensions of browsers get in with a password, and no page learns anything by CORS", async (t) => {
    const { rpc } = await openRpcScene(t);
    const headers = { origin: "moz-extension://5f0e", "sec-fetch-site": "cross-site" };
    const answer = await rpc.raw({ body: JSON.stringify({ method: "session-stats" }), headers });
    assert.equal(answer.status, 200);
    const preflight = await rpc.raw({ method: "OPTIONS", headers });
    assert.equal(preflight.status, 204);
    for (const { headers: got } of [answer, preflight])
      assert.deepEqual(
        Object.keys(got).filter((name) => name.startsWith("access-control")),
        [],
      );
  });
});

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { Scope } from "@shoal/server";
import { exchange, raw, type RawAnswer } from "../raw-http.ts";
import { Scene } from "../scene.ts";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;
const JSON_TYPE = "Content-Type: application/json";

/** A daemon and a token of each scope. */
async function serve(t: TestContext): Promise<{
  scene: Scene;
  port: number;
  bearer: Record<Scope, string>;
}> {
  const scene = new Scene(t);
  const { node, ui } = await scene.start();
  const token = async (scope: Scope): Promise<string> =>
    `Authorization: Bearer ${(await node.tokens.create(scope, scope)).secret}`;
  const bearer = { read: await token("read"), control: await token("control"), admin: await token("admin") };
  return { scene, port: ui.port, bearer };
}

function codeOf({ body }: RawAnswer): string {
  return (JSON.parse(body) as { error: { code: string } }).error.code;
}

describe("security", () => {
  test("CVE-2018-5702, Transmission: DNS rebinding. A page under a name of its own that points here gets nothing", async (t) => {
    const { port, bearer } = await serve(t);
    for (const host of [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "evil.example.",
      "LOCALHOST.evil.example",
      "2130706433",
      "0x7f.0.0.1",
      "[::ffff:10.0.0.1]",
      "[fe80::1%25lo]",
      "10.0.0.1",
      "127.0.0.1:1:2",
      "user@127.0.0.1",
      "",
    ]) {
      for (const path of [
        "/",
        "/api/v1/docs/page.js",
        "/api/v1/openapi.json",
        "/api/v1/torrents",
        "/nothing",
      ]) {
        const answer = await raw(port, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
        assert.ok(answer.status === 421 || answer.status === 400, `${host} ${path} ${answer.status}`);
        if (answer.status === 421) assert.match(answer.body, /shoal config set ui\.hosts \+/);
      }
      const rpc = await raw(port, ["POST /transmission/rpc HTTP/1.1", `Host: ${host}`], "{}");
      assert.ok(rpc.status === 421 || rpc.status === 400 || rpc.status === 401, `${host} rpc ${rpc.status}`);
      assert.doesNotMatch(rpc.headers, /x-transmission-session-id/);
    }
    for (const host of [
      "localhost",
      "LocalHost.",
      `127.0.0.1:${port}`,
      "127.9.9.9",
      "[::1]:8420",
      "localhost:1",
    ])
      assert.equal((await raw(port, ["GET / HTTP/1.1", `Host: ${host}`])).status, 200, host);
    // Who has a token is no page that was led here.
    const container = await raw(port, ["GET /api/v1/info HTTP/1.1", "Host: shoal:9091", bearer.read]);
    assert.equal(container.status, 200);
    const two = await raw(port, ["GET / HTTP/1.1", "Host: localhost", "Host: evil.example"]);
    assert.equal(two.status, 400);
  });

  test("a person under a name that is not known is told on a page how to allow it, and the name is only text there", async (t) => {
    const { port } = await serve(t);
    const page = await raw(port, ["GET / HTTP/1.1", "Host: nas.example.org", "Accept: text/html"]);
    assert.equal(page.status, 421);
    assert.match(page.headers, /content-type: text\/html/);
    assert.match(page.body, /shoal config set ui\.hosts \+nas\.example\.org/);
    const hostile = await raw(port, ["GET / HTTP/1.1", "Host: <img src=x>", "Accept: text/html"]);
    assert.doesNotMatch(hostile.body, /<img/);
  });

  test("ui.hosts: a name that is allowed works at once, and no longer when it is taken back", async (t) => {
    const { scene, port } = await serve(t);
    const hello = async (): Promise<number> =>
      (await raw(port, ["GET / HTTP/1.1", "Host: NAS.example.org:8420"])).status;
    assert.equal(await hello(), 421);
    await scene.call("PATCH", "/settings", { values: { "ui.hosts": ["nas.example.org"] } });
    assert.equal(await hello(), 200);
    await scene.call("PATCH", "/settings", { unset: ["ui.hosts"] });
    assert.equal(await hello(), 421);
  });

  test("Transmission issue 8938: no answer lets a page of another origin read it, whoever asks", async (t) => {
    const { port, bearer } = await serve(t);
    for (const line of [
      "GET /",
      "GET /api/v1/torrents",
      "OPTIONS /api/v1/torrents",
      "GET /x",
      "POST /transmission/rpc",
    ]) {
      for (const origin of ["http://evil.example", "null", "http://localhost"]) {
        const lines = [`${line} HTTP/1.1`, "Host: localhost", `Origin: ${origin}`, bearer.admin];
        const { headers } = await raw(port, [...lines, "Access-Control-Request-Method: POST"]);
        assert.doesNotMatch(headers, /access-control-/, line);
        assert.doesNotMatch(headers, /set-cookie/, "cookies are never set");
      }
    }
    const preflight = await raw(port, ["OPTIONS /api/v1/torrents HTTP/1.1", "Host: localhost"]);
    assert.deepEqual([preflight.status, preflight.body], [204, ""]);
  });

  test("Transmission issues 8747 and 8749: no page can be framed, and no script runs that is not a file of ours", async (t) => {
    const { port, bearer } = await serve(t);
    for (const path of ["/", "/api/v1/docs", "/api/v1/torrents", "/api/v1/info", "/x", "/metrics"]) {
      const { headers } = await raw(port, [`GET ${path} HTTP/1.1`, "Host: localhost", bearer.read]);
      assert.match(headers, /x-frame-options: deny/, path);
      assert.match(headers, /frame-ancestors 'none'/);
      assert.match(headers, /script-src 'self';/);
      assert.doesNotMatch(headers, /unsafe-/);
      assert.match(headers, /require-trusted-types-for 'script'/);
      assert.match(headers, /x-content-type-options: nosniff/);
      assert.match(headers, /referrer-policy: no-referrer/);
      assert.match(headers, /cache-control: no-store/);
    }
    const { body } = await raw(port, ["GET / HTTP/1.1", "Host: localhost"]);
    assert.doesNotMatch(body, /<script>|<style|style=|onclick|onload/);
  });

  test("CVE-2023-30801, qBittorrent: there is no password that is known, and no program can be set over HTTP", async (t) => {
    const { scene, port, bearer } = await serve(t);
    for (const pair of ["admin:admin", "admin:adminadmin", "transmission:transmission", "shoal:shoal", ":"]) {
      const basic = `Authorization: Basic ${Buffer.from(pair).toString("base64")}`;
      const api = await raw(port, ["GET /api/v1/torrents HTTP/1.1", "Host: localhost", basic]);
      assert.equal(api.status, 401, pair);
    }
    // Being on this machine is no proof of anything: a proxy is, too.
    assert.equal((await raw(port, ["GET /api/v1/torrents HTTP/1.1", "Host: localhost"])).status, 401);
    const body = JSON.stringify({ values: { "downloads.onComplete": ["/bin/sh", "-c", "id"] } });
    const lines = ["PATCH /api/v1/settings HTTP/1.1", "Host: localhost", JSON_TYPE, bearer.admin];
    const refused = await raw(port, lines, body);
    assert.deepEqual([refused.status, codeOf(refused)], [403, "ERR_FORBIDDEN"]);
    assert.equal((await scene.call("PATCH", "/settings", JSON.parse(body) as object)).status, 403);
  });

  test("qBittorrent 4.5.0 and 4.5.1: no path, however it is written, leads to a file", async (t) => {
    const { port } = await serve(t);
    for (const path of [
      "/../../../../etc/passwd",
      "/..%2f..%2f..%2fetc%2fpasswd",
      "/..\\..\\..\\etc\\passwd",
      "/%5c..%5c..%5cetc%5cpasswd",
      "/api/v1/docs/../../../../../etc/passwd",
      "/api/v1/docs/%2e%2e/%2e%2e/page.js",
      "/api/v1/docs//etc/passwd",
      "//etc/passwd",
      "/api/v1/docs/page.js%00.css",
      "/%c0%ae%c0%ae/etc/passwd",
    ]) {
      const answer = await raw(port, [`GET ${path} HTTP/1.1`, "Host: localhost"]);
      assert.ok([400, 401, 404].includes(answer.status), `${path} ${answer.status}`);
      assert.doesNotMatch(answer.body, /root:/);
    }
  });

  test("a simple POST and a form of another page (CSRF) change nothing, though browsers send them", async (t) => {
    const { scene, port, bearer } = await serve(t);
    const body = JSON.stringify({ magnet: MAGNET });
    const post = (...more: string[]): Promise<RawAnswer> =>
      raw(port, ["POST /api/v1/torrents HTTP/1.1", "Host: localhost", ...more], body);
    for (const [status, ...more] of [
      [403, JSON_TYPE, "Origin: http://evil.example"],
      [403, JSON_TYPE, "Origin: null"],
      [403, JSON_TYPE, bearer.admin, "Sec-Fetch-Site: cross-site"],
      [403, JSON_TYPE, bearer.admin, "Sec-Fetch-Site: same-site"],
      [415, bearer.admin, "Content-Type: text/plain"],
      [415, bearer.admin, "Content-Type: application/x-www-form-urlencoded"],
      [415, bearer.admin, "Content-Type: multipart/form-data; boundary=x"],
      [415, bearer.admin, "Content-Type: text/plain; application/json"],
      [415, bearer.admin],
      [401, JSON_TYPE],
    ] as const)
      assert.equal((await post(...more)).status, status, more.join());
    assert.deepEqual((await scene.call("GET", "/torrents")).body["torrents"], []);
    // Reading changes nothing, whatever the address says.
    for (const path of ["torrents/1/pause", "shutdown", "torrents?magnet=x"])
      await raw(port, [`GET /api/v1/${path} HTTP/1.1`, "Host: localhost", bearer.admin]);
    assert.equal((await post(JSON_TYPE, bearer.control)).status, 201);
  });

  test("Transmission's brute-force counter was one for all: here each who guesses waits alone, longer each time", async (t) => {
    const { scene, port, bearer } = await serve(t);
    const [id] = bearer.read.split(" ")[2]!.split(".");
    const guess = (n: number, localAddress: string): Promise<RawAnswer> =>
      raw(
        port,
        ["GET /api/v1/info HTTP/1.1", "Host: localhost", `Authorization: Bearer ${id}.guess${n}`],
        "",
        { localAddress },
      );
    const order: string[] = [];
    // All at once: the later ones are held back for longer, so they come in this order whatever the machine does.
    const guesses = [0, 1, 2, 3, 4, 5].map(async (n) => {
      assert.equal((await guess(n, "127.0.0.1")).status, 401);
      order.push("guess");
    });
    const right = ["GET /api/v1/info HTTP/1.1", "Host: localhost", bearer.read];
    assert.equal((await raw(port, right)).status, 200);
    order.push("right");
    await Promise.all(guesses);
    assert.equal(order.at(-1), "guess");
    assert.equal((await guess(9, "127.0.0.2")).status, 401);
    await scene.stop();
  });

  test("a token in an address is refused, however right it is: addresses are written down everywhere", async (t) => {
    const { port, bearer } = await serve(t);
    const secret = bearer.admin.split(" ")[2]!;
    for (const name of ["token", "access_token", "api_key", "auth", "TOKEN"]) {
      const answer = await raw(port, [`GET /api/v1/info?${name}=${secret} HTTP/1.1`, "Host: localhost"]);
      assert.deepEqual([answer.status, codeOf(answer)], [400, "ERR_TOKEN_IN_URL"]);
      assert.doesNotMatch(answer.body, new RegExp(secret));
    }
  });

  test("request smuggling: what a proxy might read otherwise than we do is no request", async (t) => {
    const { port, bearer } = await serve(t);
    const head = `POST /api/v1/torrents HTTP/1.1\r\nHost: localhost\r\n${bearer.admin}\r\n${JSON_TYPE}\r\n`;
    const smuggled = "GET /api/v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const lengths of [
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 4\r\nContent-Length: 6\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Transfer-Encoding : chunked\r\n",
      "Content-Length: +4\r\n",
      "Content-Length: 0x4\r\n",
    ]) {
      const { status, headers } = await exchange(port, `${head}${lengths}\r\n0\r\n\r\n${smuggled}`);
      assert.equal(status, 400, JSON.stringify(lengths));
      assert.match(headers, /connection: close/);
    }
    const folded = await exchange(
      port,
      "GET / HTTP/1.1\r\nHost: localhost\r\n X: y\r\nConnection: close\r\n\r\n",
    );
    assert.equal(folded.status, 400);
    const absolute = await raw(port, ["GET http://evil.example/api/v1/info HTTP/1.1", "Host: localhost"]);
    assert.notEqual(absolute.status, 200);
    for (const method of ["TRACE", "TRACK", "CONNECT", "DEBUG"]) {
      const { status, body } = await raw(port, [`${method} / HTTP/1.1`, "Host: localhost", "X-Secret: abc"]);
      assert.ok(status === 0 || status >= 400, method);
      assert.doesNotMatch(body, /abc/);
    }
  });

  test("an address that names another host, or can't be read, is refused as everything else is", async (t) => {
    const { port } = await serve(t);
    const get = (target: string): Promise<RawAnswer> =>
      raw(port, [`GET ${target} HTTP/1.1`, "Host: localhost"]);
    const foreign = await get("http://evil.example/api/v1/openapi.json");
    assert.deepEqual([foreign.status, codeOf(foreign)], [421, "ERR_HOST"]);
    assert.equal((await get(`http://localhost:${port}/api/v1/openapi.json`)).status, 200);
    for (const target of ["/%zz", "/api/v1/torrents/%", "/%ff"]) {
      const answer = await get(target);
      assert.deepEqual([answer.status, codeOf(answer)], [400, "ERR_BAD_REQUEST"], target);
      assert.match(answer.headers, /content-security-policy: default-src 'none'/);
    }
  });

  test("headers and bodies have an end, and what is too large does not keep the next from being served", async (t) => {
    const { port, bearer } = await serve(t);
    const large = await raw(port, ["GET / HTTP/1.1", "Host: localhost", `X: ${"y".repeat(20_000)}`]);
    assert.equal(large.status, 431);
    assert.match(large.headers, /content-security-policy/);
    const lines = ["POST /api/v1/tokens HTTP/1.1", "Host: localhost", JSON_TYPE, bearer.admin];
    const body = await raw(port, lines, `{"name":"${"y".repeat(1_100_000)}"}`);
    assert.ok(body.status === 413 || body.status === 0);
    const declared = await exchange(port, [...lines, "Content-Length: 99999999", "", "{"].join("\r\n"));
    assert.ok(declared.status === 413 || declared.status === 0);
    const deep = await raw(port, lines, `{"name":${"[".repeat(100_000)}`);
    assert.equal(deep.status, 400);
    for (const polluted of [
      '{"__proto__":{"admin":true},"name":"a"}',
      '{"constructor":{"prototype":{}},"name":"a"}',
    ])
      assert.equal((await raw(port, lines, polluted)).status, 400);
    assert.equal((await raw(port, ["GET / HTTP/1.1", "Host: localhost"])).status, 200);
  });

  test("one client has 100 connections and no more; a second one is served all the same", async (t) => {
    const { port } = await serve(t);
    const sockets: Socket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    let onRefused = (): void => {};
    const refused = new Promise<void>((resolve) => (onRefused = resolve));
    for (let i = 0; i < 101; i++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      sockets.push(socket);
      await once(socket, "connect");
      socket.once("close", onRefused);
    }
    await refused;
    const other = await raw(port, ["GET / HTTP/1.1", "Host: localhost"], "", { localAddress: "127.0.0.2" });
    assert.equal(other.status, 200);
  });

  test("folders outside the download folder are not for tokens that may control, not by links either", async (t) => {
    const { scene, port, bearer } = await serve(t);
    const downloads = scene.downloadDir;
    const outside = join(scene.dir, "outside");
    mkdirSync(downloads, { recursive: true });
    mkdirSync(outside);
    symlinkSync(outside, join(downloads, "link"));
    const add = (downloadDir: string, token: string, n: number): Promise<RawAnswer> =>
      raw(
        port,
        ["POST /api/v1/torrents HTTP/1.1", "Host: localhost", JSON_TYPE, token],
        JSON.stringify({ infoHash: `${n}`.padStart(40, "0"), downloadDir }),
      );
    for (const [i, folder] of [
      outside,
      join(downloads, "link"),
      join(downloads, "link", "deeper"),
      `${downloads}/../outside`,
      `${downloads}-not`,
      "/etc",
      "/",
    ].entries()) {
      const answer = await add(folder, bearer.control, i);
      assert.deepEqual([answer.status, codeOf(answer)], [403, "ERR_FOLDER"], folder);
    }
    assert.equal((await add("relative", bearer.control, 20)).status, 400);
    assert.equal((await add(join(downloads, "films"), bearer.control, 21)).status, 201);
    assert.equal((await add(outside, bearer.admin, 22)).status, 201);
  });

  test("files of the state are for their user alone: it does not start where others can read or write them", async (t) => {
    if (process.platform === "win32") return t.skip("file modes are Unix's");
    const { scene } = await serve(t);
    const { profile } = scene.options;
    const mode = (path: string): number => statSync(path).mode & 0o777;
    assert.equal(mode(profile.stateDir), 0o700);
    for (const path of [profile.databaseFile, profile.identityFile, profile.socket])
      assert.equal(mode(path), 0o600);
    await scene.stop();
    chmodSync(profile.stateDir, 0o755);
    await scene.start();
    assert.equal(mode(profile.stateDir), 0o700);
    await scene.stop();
    const config = profile.configFiles.at(-1)!;
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(config, "{}", { mode: 0o600 });
    chmodSync(config, 0o664);
    await scene.start();
    assert.equal(mode(config), 0o600);
    await scene.stop();
    chmodSync(config, 0o666);
    await assert.rejects(scene.start(), { code: "ERR_FILE_SYSTEM", message: /^Others can write / });
    chmodSync(config, 0o600);
    for (const path of [profile.databaseFile, profile.identityFile]) {
      for (const [wide, may] of [
        [0o644, "read"],
        [0o640, "read"],
        [0o666, "write"],
      ] as const) {
        chmodSync(path, wide);
        const message = new RegExp(`^Others can ${may} .*chmod 600 `);
        await assert.rejects(scene.start(), { code: "ERR_FILE_SYSTEM", message });
        assert.equal(mode(path), wide);
      }
      chmodSync(path, 0o600);
    }
    await scene.start();
    await scene.stop();
    chmodSync(profile.stateDir, 0o777);
    await assert.rejects(scene.start(), { code: "ERR_FILE_SYSTEM", message: /chmod 700 / });
    chmodSync(profile.stateDir, 0o700);
    return undefined;
  });

  test("who changed what is written down: tokens that are used, deletions, settings; not what was in the bodies", async (t) => {
    const { scene, port, bearer } = await serve(t);
    const request = (line: string, token: string, body = ""): Promise<RawAnswer> =>
      raw(port, [`${line} HTTP/1.1`, "Host: localhost", JSON_TYPE, token], body);
    await request("POST /api/v1/torrents", bearer.control, JSON.stringify({ magnet: MAGNET }));
    await request("DELETE /api/v1/torrents/1", bearer.control, "{}");
    await request("PATCH /api/v1/settings", bearer.admin, '{"values":{"ui.hosts":["secret.example"]}}');
    await request("DELETE /api/v1/torrents/1", bearer.read, "{}");
    for (let i = 0; i < 2; i++) await request("GET /api/v1/torrents", `Authorization: Bearer wrong${i}`);
    await scene.call("POST", "/tokens", { name: "phone" });
    const refused = await raw(port, ["GET /api/v1/audit HTTP/1.1", "Host: localhost", bearer.control]);
    assert.equal(refused.status, 403);
    const { body } = await scene.call("GET", "/audit");
    const rows = body["rows"] as { who: string | null; action: string; target: string; status: number }[];
    const did = rows.map(({ who, action, target, status }) => `${who} ${action} ${target} ${status}`.trim());
    for (const line of [
      "control token used control 201",
      "control POST /api/v1/torrents  201",
      "control DELETE /api/v1/torrents/:id 1 200",
      "admin PATCH /api/v1/settings  200",
      "read DELETE /api/v1/torrents/:id 1 403",
      "null POST /api/v1/tokens  201",
    ])
      assert.ok(did.includes(line), `${line} in\n${did.join("\n")}`);
    assert.equal(did.filter((line) => line === "null token refused  401").length, 1, did.join("\n"));
    assert.doesNotMatch(JSON.stringify(body), /secret\.example|magnet|wrong/);
  });

  test("a proxy is believed where it is named, and nobody else; and it may show us below a path", async (t) => {
    const scene = new Scene(
      t,
      {},
      { "ui.trustedProxies": ["127.0.0.2"], "ui.basePath": "/shoal/", "ui.hosts": ["torrents.example"] },
    );
    const { ui, node } = await scene.start();
    const ask = (localAddress: string, ...more: string[]): Promise<RawAnswer> =>
      raw(ui.port, ["GET /shoal/api/v1/openapi.json HTTP/1.1", "Host: 127.0.0.1", ...more], "", {
        localAddress,
      });
    assert.equal((await ask("127.0.0.1")).status, 200);
    assert.equal((await ask("127.0.0.1", "X-Forwarded-Host: evil.example")).status, 200);
    assert.equal((await ask("127.0.0.2", "X-Forwarded-Host: evil.example")).status, 421);
    assert.equal((await ask("127.0.0.2", "X-Forwarded-Host: torrents.example")).status, 200);
    assert.equal((await raw(ui.port, ["GET /shoal HTTP/1.1", "Host: localhost"])).status, 200);
    assert.equal((await raw(ui.port, ["GET /shoal2/ HTTP/1.1", "Host: localhost"])).status, 404);
    const { secret } = await node.tokens.create("t", "control");
    await raw(
      ui.port,
      [
        "POST /shoal/api/v1/torrents HTTP/1.1",
        "Host: x",
        JSON_TYPE,
        `Authorization: Bearer ${secret}`,
        "X-Forwarded-For: 1.2.3.4",
      ],
      JSON.stringify({ magnet: MAGNET }),
      { localAddress: "127.0.0.2" },
    );
    const rows = (await scene.call("GET", "/audit")).body["rows"] as { client: string }[];
    assert.equal(rows.at(-1)?.client, "1.2.3.4");
  });

  test("it listens on loopback alone, over IPv4 and IPv6", async (t) => {
    const { scene, port } = await serve(t);
    const six = await raw(port, ["GET / HTTP/1.1", `Host: [::1]:${port}`], "", { host: "::1" });
    // A machine may be without IPv6.
    assert.ok(six.status === 200 || six.status === 0);
    const closed = exchange(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", { host: "::1" });
    await scene.stop();
    await closed;
    assert.equal((await raw(port, ["GET / HTTP/1.1"], "", { host: "::1" })).status, 0);
  });
});

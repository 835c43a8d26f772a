import assert from "node:assert/strict";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { Type } from "typebox";
import { HostPolicy } from "../dist/host-policy.js";
import { createHttpServer, type HttpServer } from "../dist/http-server.js";
import { type TokenRecord, Tokens } from "../dist/tokens.js";

/** What `/slow` waits for. */
const slow: { gate: Promise<void> } = { gate: Promise.resolve() };

/** A server with one route of each kind, and a token for each scope. */
async function serve(
  t: TestContext,
  trusted = false,
  more: { readonly idleMs?: number } = {},
): Promise<{ app: HttpServer; port: number; of: Record<string, string> }> {
  const records: TokenRecord[] = [];
  const tokens = await Tokens.load(
    {
      all: async () => records,
      add: async (record) => void records.push(record),
      remove: async () => true,
      used: async () => {},
    },
    () => 0,
  );
  const of = {
    read: (await tokens.create("reader", "read")).secret,
    control: (await tokens.create("driver", "control")).secret,
  };
  const app = createHttpServer({
    hosts: new HostPolicy(["shoal.local"]),
    tokens,
    trusted,
    hostAdvice: (host) => `allow ${host}`,
    explain: () => null,
    ...more,
  });
  t.after(() => app.close());
  app.get("/open", { config: { scope: "nobody" } }, async () => ({ ok: true }));
  app.get("/read", { config: { scope: "read" } }, async () => ({ ok: true }));
  app.post("/change", { schema: { body: Type.Object({ n: Type.Integer() }) } }, async ({ body }) => ({
    n: body.n,
  }));
  app.get("/slow", { config: { scope: "nobody" } }, async () => {
    await slow.gate;
    return { text: "x".repeat(2_000) };
  });
  app.get("/broken", { config: { scope: "nobody" } }, async () => {
    throw new Error("secret detail");
  });
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  return { app, port: Number(new URL(address).port), of };
}

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** As fetch would not send it: any Host, any Origin, any method. */
function raw(port: number, lines: readonly string[], body = ""): Promise<Answer> {
  const all = body === "" ? lines : [...lines, `Content-Length: ${Buffer.byteLength(body)}`];
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (more: string) => (text += more));
    socket.on("error", reject);
    socket.on("close", () => {
      const [headers = "", ...rest] = text.split("\r\n\r\n");
      resolve({
        status: Number(headers.split(" ")[1]),
        headers: headers.toLowerCase(),
        body: rest.join("\r\n\r\n"),
      });
    });
    socket.write([...all, "Connection: close", "", body].join("\r\n"));
  });
}

test("a page that was led here by a name of its own gets nothing, not even what needs no token", async (t) => {
  const { port, of } = await serve(t);
  for (const host of [
    "evil.test",
    `evil.test:${port}`,
    "127.0.0.1.evil.test",
    "localhost.evil.test",
    "",
    "10.0.0.1",
  ]) {
    const answer = await raw(port, ["GET /open HTTP/1.1", `Host: ${host}`]);
    assert.equal(answer.status, host === "" ? 421 : 421, host);
    assert.match(answer.body, /"code":"ERR_HOST"/);
  }
  for (const host of ["localhost", `127.0.0.1:${port}`, "[::1]:8420", "shoal.local", "SHOAL.local:1"]) {
    assert.equal((await raw(port, ["GET /open HTTP/1.1", `Host: ${host}`])).status, 200, host);
  }
  const container = await raw(port, [
    "GET /read HTTP/1.1",
    "Host: shoal:9091",
    `Authorization: Bearer ${of["read"]}`,
  ]);
  assert.equal(container.status, 200);
});

test("another page's form or script changes nothing, though the browser sends it", async (t) => {
  const { port, of } = await serve(t);
  const bearer = `Authorization: Bearer ${of["control"]}`;
  const post = (more: readonly string[], body = '{"n":1}'): Promise<Answer> =>
    raw(port, ["POST /change HTTP/1.1", "Host: localhost", ...more], body);
  const json = "Content-Type: application/json";
  assert.equal((await post([bearer, json])).status, 200);
  assert.equal((await post([json])).status, 401);
  assert.equal((await post([json, "Origin: http://evil.test"])).status, 403);
  assert.equal((await post([json, "Origin: null"])).status, 403);
  assert.equal((await post([bearer, json, "Sec-Fetch-Site: cross-site"])).status, 403);
  assert.equal((await post([bearer, "Content-Type: text/plain"])).status, 415);
  assert.equal((await post([bearer, "Content-Type: application/x-www-form-urlencoded"], "n=1")).status, 415);
  assert.equal((await post([bearer])).status, 415);
});

test("no answer lets other origins read it", async (t) => {
  const { port } = await serve(t);
  for (const line of ["GET /open", "OPTIONS /change", "GET /nothing", "GET /broken"]) {
    const { headers, status, body } = await raw(port, [
      `${line} HTTP/1.1`,
      "Host: localhost",
      "Origin: http://localhost",
    ]);
    assert.doesNotMatch(headers, /access-control/);
    assert.match(headers, /content-security-policy: default-src 'none'; script-src 'self'/);
    assert.match(headers, /frame-ancestors 'none'/);
    assert.match(headers, /x-content-type-options: nosniff/);
    if (line.startsWith("OPTIONS")) assert.equal(status, 204);
    assert.doesNotMatch(body, /secret detail/);
  }
  assert.equal((await raw(port, ["TRACE /open HTTP/1.1", "Host: localhost"])).status, 404);
});

test("a token opens what its scope says", async (t) => {
  const { port, of } = await serve(t);
  const read = (bearer: string): Promise<Answer> =>
    raw(port, ["GET /read HTTP/1.1", "Host: localhost", `Authorization: ${bearer}`]);
  assert.equal((await read(`Bearer ${of["read"]}`)).status, 200);
  assert.equal((await read(`Bearer ${of["control"]}`)).status, 200);
  for (const wrong of [
    "Bearer x",
    `Bearer ${of["read"]}x`,
    `Bearer ${of["read"]!.split(".")[0]}.`,
    "Basic YTpi",
  ])
    assert.equal((await read(wrong)).status, 401, wrong);
  const refused = await raw(
    port,
    [
      "POST /change HTTP/1.1",
      "Host: localhost",
      "Content-Type: application/json",
      `Authorization: Bearer ${of["read"]}`,
    ],
    '{"n":1}',
  );
  assert.equal(refused.status, 403);
  assert.match(refused.body, /may read, and this needs control/);
});

test("bad input gets one sentence and a stable code", async (t) => {
  const { port, of } = await serve(t);
  const lines = [
    "POST /change HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    `Authorization: Bearer ${of["control"]}`,
  ];
  for (const [body, code] of [
    ['{"n":"x"}', "ERR_VALIDATION"],
    ["{", "ERR_BAD_REQUEST"],
    ["[]", "ERR_VALIDATION"],
  ] as const) {
    const answer = await raw(port, lines, body);
    assert.equal(answer.status, 400, body);
    assert.equal((JSON.parse(answer.body) as { error: { code: string } }).error.code, code, body);
  }
  const large = await raw(port, lines, `{"n":1,"x":"${"y".repeat(1_100_000)}"}`).catch(() => null);
  assert.ok(large === null || large.status === 413);
});

test("on this user's own socket there is no token to show", async (t) => {
  const { port } = await serve(t, true);
  assert.equal((await raw(port, ["GET /read HTTP/1.1", "Host: anything"])).status, 200);
});

test("slowloris: who sends a request byte by byte, or half of one, is cut off; others are served meanwhile", async (t) => {
  const { port } = await serve(t, false, { idleMs: 300 });
  const ends = [
    "GET /open HTTP/1.1\r\nHost: localhost\r\n",
    "G",
    "",
    "POST /change HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
  ].map(
    (text) =>
      new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1");
        const drip = setInterval(() => socket.write("X"), 50);
        socket.on("error", () => {});
        socket.resume();
        socket.on("close", () => {
          clearInterval(drip);
          resolve();
        });
        if (text !== "") socket.write(text);
      }),
  );
  assert.equal((await raw(port, ["GET /open HTTP/1.1", "Host: localhost"])).status, 200);
  await Promise.all(ends);
});

test("at the end an answer that is under way is finished, and nothing new is begun", async (t) => {
  const { app, port } = await serve(t);
  let open = (): void => {};
  slow.gate = new Promise((resolve) => (open = resolve));
  const begun = new Promise((resolve) => app.server.once("request", resolve));
  const answer = raw(port, ["GET /slow HTTP/1.1", "Host: localhost"]);
  await begun;
  const closed = app.close();
  open();
  assert.equal((await answer).status, 200);
  await closed;
  await assert.rejects(raw(port, ["GET /open HTTP/1.1", "Host: localhost"]), { code: "ECONNREFUSED" });
});

test("answers are compressed for those who take it, and for nobody else", async (t) => {
  const { port } = await serve(t);
  const ask = (...more: string[]): Promise<Answer> =>
    raw(port, ["GET /slow HTTP/1.1", "Host: localhost", ...more]);
  for (const takes of ["gzip", "br, GZIP;q=0.5", "*"]) {
    const { headers } = await ask(`Accept-Encoding: ${takes}`);
    assert.match(headers, /content-encoding: gzip/, takes);
    assert.ok(Number(/content-length: (\d+)/.exec(headers)?.[1]) < 200);
  }
  for (const takes of ["identity", "gzip;q=0", "br"])
    assert.doesNotMatch((await ask(`Accept-Encoding: ${takes}`)).headers, /content-encoding/, takes);
  const small = await raw(port, ["GET /open HTTP/1.1", "Host: localhost", "Accept-Encoding: gzip"]);
  assert.doesNotMatch(small.headers, /content-encoding/);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import type { ShoalError } from "../../dist/base/errors.js";
import type { HttpHead } from "../../dist/ports/http.js";
import { NodeHttp } from "../../dist/node/http.js";
import { NetPolicy } from "../../dist/node/net-policy.js";

const limits = { timeoutMs: 5000, maxBytes: 100_000 };

async function serve(
  t: TestContext,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ origin: string; port: number }> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port };
}

async function serveRaw(t: TestContext, answer: string): Promise<string> {
  const server: Server = createTcpServer((socket) => {
    socket.on("error", () => {}).on("data", () => socket.end(answer));
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function client(t: TestContext, policy: NetPolicy = new NetPolicy({ loopbackOnly: true })): NodeHttp {
  const http = new NodeHttp(policy, "Shoal-test/1");
  t.after(() => http.close());
  return http;
}

const fails = (pattern: RegExp) => (error: ShoalError) => {
  assert.equal(error.code, "ERR_HTTP");
  assert.match(error.message, pattern);
  return true;
};

test("a plain answer; raw bytes of the query arrive as sent; connections are kept", async (t) => {
  const ports = new Set<number>();
  const seen: string[] = [];
  const { origin } = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort!);
    seen.push(`${request.url} ${request.headers["user-agent"]}`);
    response.writeHead(201, { "x-a": "b" }).end("hello");
  });
  const http = client(t);
  for (let i = 0; i < 3; i++) {
    const answer = await http.get(`${origin}/announce?info_hash=%12%AB~%00`, limits);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("x-a"), "b");
    assert.equal(Buffer.from(answer.body).toString(), "hello");
    assert.equal(answer.body.constructor, Uint8Array);
  }
  assert.deepEqual(new Set(seen), new Set(["/announce?info_hash=%12%AB~%00 Shoal-test/1"]));
  assert.equal(ports.size, 1);
});

test("compressed answers are unpacked, bombs are not", async (t) => {
  const { origin } = await serve(t, (request, response) => {
    const [, encoding, size] = request.url!.split("/");
    const body = Buffer.alloc(Number(size), "a");
    response.setHeader("content-encoding", encoding!);
    response.end(encoding === "gzip" ? gzipSync(body) : encoding === "deflate" ? deflateSync(body) : body);
  });
  const http = client(t);
  for (const encoding of ["gzip", "deflate", "identity"]) {
    assert.equal((await http.get(`${origin}/${encoding}/100000`, limits)).body.length, 100_000);
    await assert.rejects(http.get(`${origin}/${encoding}/100001`, limits), fails(/larger than 100000 bytes/));
    await assert.rejects(
      http.get(`${origin}/${encoding}/50000000`, limits),
      fails(/larger than 100000 bytes/),
    );
  }
  await assert.rejects(http.get(`${origin}/br/5`, limits), fails(/unknown encoding br/));
});

test("endless compressed data that unfolds to nothing is cut off", async (t) => {
  const { origin } = await serve(t, (_request, response) => {
    response.setHeader("content-encoding", "deflate");
    response.write(Uint8Array.of(0x78, 0x9c));
    // Empty stored blocks.
    const empty = Buffer.alloc(60_000);
    for (let i = 0; i < empty.length; i += 5) empty.set([0, 0, 0, 0xff, 0xff], i);
    response.on("error", () => {});
    const more = (): void => {
      if (!response.destroyed) response.write(empty, more);
    };
    more();
  });
  await assert.rejects(client(t).get(origin, limits), fails(/larger than/));
});

test("broken answers fail in words", async (t) => {
  const http = client(t);
  const { origin } = await serve(t, (request, response) => {
    if (request.url === "/gzip") response.setHeader("content-encoding", "gzip").end("no gzip");
    else if (request.url === "/cut") {
      response.setHeader("content-length", "100");
      response.write("abc", () => response.destroy());
    } else response.setHeader("x-large", "x".repeat(20_000)).end();
  });
  await assert.rejects(http.get(`${origin}/gzip`, limits), fails(/does not answer in HTTP/));
  await assert.rejects(http.get(`${origin}/cut`, limits), fails(/connection ended by 127\.0\.0\.1:\d+/));
  await assert.rejects(http.get(`${origin}/header`, limits), fails(/too large headers/));
  await assert.rejects(
    http.get(await serveRaw(t, "SSH-2.0-OpenSSH\r\n"), limits),
    fails(/does not answer in HTTP/),
  );
  await assert.rejects(
    http.get("http://127.0.0.1:1/", limits),
    fails(/^connection refused by 127\.0\.0\.1:1$/),
  );
  for (const url of ["nonsense", "http://"])
    await assert.rejects(http.get(url, limits), fails(/not a usable URL/));
  for (const url of ["ftp://127.0.0.1/", "file:///etc/passwd"]) {
    await assert.rejects(http.get(url, limits), fails(/URLs are not supported/));
  }
});

test("a kept connection that the server has ended is replaced", async (t) => {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections++;
    let requests = 0;
    socket
      .on("error", () => {})
      .on("data", () => {
        if (++requests > 1) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const http = client(t);
  for (const want of [1, 2, 3]) {
    assert.equal(Buffer.from((await http.get(url, limits)).body).toString(), "ok");
    assert.equal(connections, want);
  }
});

test("a caller who cancels waits for no proxy, and no name, that does not answer", async (t) => {
  const silent = createTcpServer((socket) => void socket.on("error", () => {}).resume()).listen(
    0,
    "127.0.0.1",
  );
  const reached = once(silent, "connection");
  t.after(() => silent.close());
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const proxy = { kind: "socks5", host: "127.0.0.1", port, credentials: null } as const;
  const http = client(t, new NetPolicy({ proxy }));
  const controller = new AbortController();
  let failure: ShoalError | null = null;
  const cancelled = http
    .get("http://192.0.2.1/", { timeoutMs: 60_000, maxBytes: 1, signal: controller.signal })
    .catch((error: ShoalError) => (failure = error));
  const [socket] = (await reached) as [Socket];
  controller.abort();
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(String(failure), /cancelled/);
  socket.destroy();
  await cancelled;
});

test("time is limited, before and during the body, and a caller may cancel", async (t) => {
  const { origin, port } = await serve(t, (request, response) => {
    if (request.url === "/body") response.write("a");
  });
  const http = client(t);
  const short = { ...limits, timeoutMs: 60 };
  await assert.rejects(
    http.get(`${origin}/head`, short),
    fails(new RegExp(`^no answer from 127.0.0.1:${port} within 1 second`)),
  );
  await assert.rejects(http.get(`${origin}/body`, short), fails(/^no answer from/));
  const controller = new AbortController();
  const cancelled = http.get(`${origin}/head`, { ...limits, signal: controller.signal });
  controller.abort();
  await assert.rejects(cancelled, fails(/cancelled/));
});

test("redirects are followed five times, to http and https only, without credentials", async (t) => {
  const seen: string[] = [];
  const { origin, port } = await serve(t, (request, response) => {
    const [path, count] = request.url!.split("?");
    seen.push(`${path} ${request.headers.authorization ?? "-"}`);
    if (path === "/loop") response.writeHead(302, { location: `/loop?${Number(count) + 1}` }).end();
    else if (path === "/file") response.writeHead(301, { location: "file:///etc/passwd" }).end();
    else if (path === "/once")
      response.writeHead(307, { location: `http://a:b@127.0.0.1:${port}/end` }).end();
    else response.end("end");
  });
  const http = client(t);
  await assert.rejects(http.get(`${origin}/loop?0`, limits), fails(/redirects too often/));
  assert.equal(seen.length, 6);
  await assert.rejects(http.get(`${origin}/file`, limits), fails(/file: URLs are not supported/));
  seen.length = 0;
  const answer = await http.get(`http://user:pass%21@127.0.0.1:${port}/once`, limits);
  assert.equal(Buffer.from(answer.body).toString(), "end");
  assert.deepEqual(seen, [`/once Basic ${Buffer.from("user:pass!").toString("base64")}`, "/end -"]);
  await assert.rejects(
    http.get(`${origin}/loop?0`, { ...limits, maxRedirects: 1 }),
    fails(/redirects too often/),
  );
  const first = await http.get(`${origin}/loop?0`, { ...limits, maxRedirects: 0 });
  assert.equal(first.status >= 301 && first.headers.has("location"), true, "the redirect itself");
});

test("kept to the machine, nothing else is asked: not at first, not by redirect, not by name", async (t) => {
  const { origin } = await serve(t, (_request, response) => {
    response.writeHead(302, { location: "http://192.0.2.1/" }).end();
  });
  const http = client(t);
  for (const url of ["http://192.0.2.1/", "http://[2001:db8::1]/", "http://tracker.example/", origin]) {
    await assert.rejects(http.get(url, limits), fails(/is not on this machine/));
  }
});

test(
  "a public server can't lead us to a private address; a private one may",
  { skip: process.platform !== "linux" },
  async (t) => {
    let asked = 0;
    const inside = createServer((_request, response) => {
      asked++;
      response.end("secret");
    }).listen(0, "127.0.0.2");
    t.after(() => inside.close().closeAllConnections());
    await once(inside, "listening");
    const { port } = inside.address() as AddressInfo;
    const { origin } = await serve(t, (_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.2:${port}/` }).end();
    });
    // To this policy 127.0.0.1 is somewhere out there.
    class Mapped extends NetPolicy {
      override isPrivate(host: string): boolean {
        return host !== "127.0.0.1";
      }
    }
    await assert.rejects(
      client(t, new Mapped()).get(origin, limits),
      fails(/redirects to 127\.0\.0\.2:\d+, a private address/),
    );
    assert.equal(asked, 0);
    const answer = await client(t, new NetPolicy()).get(origin, limits);
    assert.equal(Buffer.from(answer.body).toString(), "secret");
  },
);

test("get: a URL that may not be asked of private addresses is not, under whatever name", async (t) => {
  let asked = 0;
  const { port } = await serve(t, (_request, response) => {
    asked++;
    response.writeHead(302, { location: "/reboot" }).end();
  });
  const mayAskPrivate = (url: URL): boolean => url.pathname === "/announce";
  for (const host of ["localhost", "127.0.0.1"]) {
    const get = (path: string): Promise<unknown> =>
      client(t).get(`http://${host}:${port}${path}`, { ...limits, mayAskPrivate });
    await assert.rejects(
      get("/reboot"),
      fails(/a private address, and this URL is asked only of public ones/),
    );
    assert.equal(asked, 0);
    await assert.rejects(get("/announce"), fails(/a private address/));
    assert.equal(asked, 1, "the redirect is not followed");
    asked = 0;
  }
});

test("families: those of the host's addresses; a request can be kept to one of them", async (t) => {
  const { port } = await serve(t, (_request, response) => response.end("here"));
  const http = client(t);
  assert.deepEqual(await http.families("http://127.0.0.1/"), [4]);
  assert.deepEqual(await http.families("http://[::1]/"), [6]);
  const get = (family: 4 | 6): Promise<{ body: Uint8Array }> =>
    http.get(`http://127.0.0.1:${port}/`, { ...limits, family });
  assert.equal(Buffer.from((await get(4)).body).toString(), "here");
  await assert.rejects(get(6), fails(/has no IPv6 address/));
});

/** Collects a stream to its end, or to the head that is refused. */
function streamed(
  http: NodeHttp,
  url: string,
  range: { from: number; to: number; headTimeoutMs?: number },
  accept: (head: HttpHead) => boolean = () => true,
): Promise<{ head: HttpHead | null; body: string; error: ShoalError | null }> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    let head: HttpHead | null = null;
    const done = (error: ShoalError | null): void =>
      resolve({ head, body: Buffer.concat(parts).toString(), error });
    http.stream(
      url,
      { headTimeoutMs: 5000, ...range },
      {
        onHead: (given) => {
          head = given;
          const accepted = accept(given);
          if (!accepted) done(null);
          return accepted;
        },
        onData: (bytes) => parts.push(bytes.slice()),
        onEnd: done,
      },
    );
  });
}

test("stream asks for a range without compression, follows redirects, keeps the connection", async (t) => {
  const ports = new Set<number>();
  const { origin } = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort!);
    if (request.url === "/moved") response.writeHead(302, { location: "/there" }).end();
    else if (request.url === "/none") response.writeHead(404).end("no such file");
    else {
      const { range } = request.headers;
      response.writeHead(206, { "content-range": "bytes 3-6/10" });
      response.end(`${range} ${request.headers["accept-encoding"]}`);
    }
  });
  const http = client(t);
  const range = { from: 3, to: 7 };
  for (let i = 0; i < 3; i++) {
    const { head, body, error } = await streamed(http, `${origin}/file`, range);
    assert.equal(head?.status, 206);
    assert.equal(head.headers.get("content-range"), "bytes 3-6/10");
    assert.equal(body, "bytes=3-6 identity");
    assert.equal(error, null);
    // What is refused is read to its end.
    assert.equal((await streamed(http, `${origin}/none`, range, () => false)).head?.status, 404);
  }
  // The next one may come while what was refused is still being read.
  assert.ok(ports.size <= 2);
  assert.equal((await streamed(http, `${origin}/moved`, range)).head?.url, `${origin}/there`);
});

test("stream: what is cut short, silent or no HTTP ends with an error; what is closed is heard of no more", async (t) => {
  const { origin } = await serve(t, (request, response) => {
    if (request.url === "/silent") return;
    response.writeHead(206, { "content-length": "100" });
    response.write("abc", () => request.url === "/cut" && response.destroy());
  });
  const http = client(t);
  const range = { from: 0, to: 100 };
  const cut = await streamed(http, `${origin}/cut`, range);
  assert.equal(cut.body, "abc");
  assert.match(cut.error!.message, /ended the connection too early/);
  const silent = await streamed(http, `${origin}/silent`, { ...range, headTimeoutMs: 30 });
  assert.match(silent.error!.message, /no answer from 127\.0\.0\.1:\d+ within 1 seconds/);
  assert.match(
    (await streamed(http, await serveRaw(t, "nonsense"), range)).error!.message,
    /does not answer in HTTP/,
  );
  assert.match((await streamed(http, "http://127.0.0.1:1/", range)).error!.message, /127\.0\.0\.1:1/);
  assert.match((await streamed(http, "ftp://a/", range)).error!.message, /not supported/);
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    const stream = http.stream(
      `${origin}/open`,
      { ...range, headTimeoutMs: 5000 },
      {
        onHead: () => true,
        onData: () => {
          heard.push("data");
          stream.close();
          resolve();
        },
        onEnd: () => heard.push("end"),
      },
    );
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(heard, ["data"]);
});

test("stream: a query goes to no private address, not even by a redirect", async (t) => {
  const asked: string[] = [];
  const { origin } = await serve(t, (request, response) => {
    asked.push(request.url!);
    response.writeHead(302, { location: "/?delete=all" }).end();
  });
  const http = client(t);
  const range = { from: 0, to: 100 };
  for (const path of ["/?delete=all", "/file"]) {
    const { error } = await streamed(http, origin + path, range);
    assert.match(error!.message, /private address, and this URL is asked only of public ones/);
  }
  assert.deepEqual(asked, ["/file"]);
});

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import type { ShoalError } from "@shoal/engine";
import { SocksServer, type SocksServerOptions } from "@shoal/testkit";
import { parseProxy } from "../../dist/api/parse-proxy.js";
import { NodeHttp } from "../../dist/node/http.js";
import { NetPolicy } from "../../dist/node/net-policy.js";
import { NodeNet } from "../../dist/node/tcp.js";
import { NodeUdp } from "../../dist/node/udp.js";
import type { Connection } from "../../dist/ports/net.js";

const OPTIONS = { timeout: 20_000 };

async function socks(t: TestContext, options: SocksServerOptions = {}): Promise<SocksServer> {
  const server = await SocksServer.listen(options);
  t.after(() => server.close());
  return server;
}

/** Where a server is that greets, and says back what it hears. */
async function echo(t: TestContext): Promise<{ host: string; port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {}).write("hello");
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

function through(url: string): NetPolicy {
  return new NetPolicy({ proxy: parseProxy(url) });
}

/** Sends "!" once connected. Settles with the first `length` bytes that come, or rejects with the reason of the end. */
function talk(connection: Connection, length: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    connection.start({
      onConnected: () => connection.write(new TextEncoder().encode("!")),
      onBytes: (buffer, start, end) => {
        heard += Buffer.from(buffer.slice(start, end)).toString();
        if (heard.length < length) return;
        resolve(heard);
        connection.close();
      },
      onDrain: () => {},
      onClosed: (error) => reject(error ?? new Error("closed")),
    });
  });
}

test("a peer is reached through a SOCKS5 server, with a password", OPTIONS, async (t) => {
  const to = await echo(t);
  const server = await socks(t, { username: "me", password: "pa:ss" });
  const connection = new NodeNet(through(server.url("me:pa%3Ass"))).connect(to);
  assert.equal(await talk(connection, 6), "hello!");
  assert.deepEqual(connection.remote, to);
  assert.deepEqual(server.asked, [`connect 127.0.0.1:${to.port}`]);
});

test("names are told to the proxy, and looked up by nobody else", OPTIONS, async (t) => {
  const to = await echo(t);
  const server = await socks(t, { names: { "peer.example": "127.0.0.1" } });
  const net = new NodeNet(through(server.url()));
  const addresses = await net.resolve("Peer.example");
  assert.deepEqual(addresses, await net.resolve("peer.example"));
  assert.equal(await talk(net.connect({ host: addresses[0]!, port: to.port }), 6), "hello!");
  assert.deepEqual(server.asked, [`connect peer.example:${to.port}`]);
});

test(
  "a proxy that does not answer, refuses, or can't reach somebody is named, its password is not",
  OPTIONS,
  async (t) => {
    const to = await echo(t);
    const server = await socks(t, { username: "me", password: "right" });
    const fails = async (
      url: string,
      where: { host: string; port: number },
      reason: RegExp,
    ): Promise<void> => {
      await assert.rejects(talk(new NodeNet(through(url)).connect(where), 1), (error: ShoalError) => {
        assert.equal(error.code, "ERR_CONNECT");
        assert.match(error.message, reason);
        assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /secret/);
        return true;
      });
    };
    const at = `127.0.0.1:${server.port}`;
    await fails(server.url(), to, new RegExp(`^the proxy ${at} wants a user name and a password$`));
    await fails(
      server.url("me:secret"),
      to,
      new RegExp(`^the proxy ${at} does not accept the user name and password$`),
    );
    const closed = { host: "127.0.0.1", port: 1 };
    await fails(
      server.url("me:right"),
      closed,
      new RegExp(`^the proxy ${at} can't connect to 127.0.0.1:1: connection refused$`),
    );
    await fails(`socks5://me:secret@127.0.0.1:${to.port}`, to, /does not speak SOCKS5$/);
    await fails("http://me:secret@127.0.0.1:1", to, /^the proxy 127.0.0.1:1 does not answer$/);
  },
);

test("kept to this machine, a proxy elsewhere is not asked, nor one here for others", OPTIONS, async (t) => {
  const server = await socks(t);
  const net = (url: string) => new NodeNet(new NetPolicy({ loopbackOnly: true, proxy: parseProxy(url) }));
  await assert.rejects(
    talk(net("socks5://192.0.2.1").connect({ host: "127.0.0.1", port: 1 }), 1),
    /is not on this machine/,
  );
  await assert.rejects(
    talk(net(server.url()).connect({ host: "192.0.2.1", port: 1 }), 1),
    /is not on this machine/,
  );
  assert.deepEqual(server.asked, []);
});

test("datagrams go through a SOCKS5 server that passes them on, also to names", OPTIONS, async (t) => {
  const other = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  other.on("message", (bytes, from) =>
    other.send(Buffer.concat([Buffer.from("re:"), bytes]), from.port, from.address),
  );
  const { port } = other.address();
  const server = await socks(t, { udp: true, names: { "tracker.example": "127.0.0.1" } });
  const policy = through(server.url());
  const [standIn] = await new NodeNet(policy).resolve("tracker.example");
  const heard: string[] = [];
  let wake = (): void => {};
  const socket = await new NodeUdp(policy).open({ family: 4, port: 0 }, (bytes, from) => {
    heard.push(`${Buffer.from(bytes).toString()} ${from.host}:${from.port}`);
    wake();
  });
  t.after(() => socket.close());
  const answer = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  for (const [text, host] of [
    ["a", standIn!],
    ["b", "127.0.0.1"],
  ] as const) {
    socket.send(Buffer.from(text), { host, port });
    await answer();
  }
  assert.deepEqual(heard, [`re:a ${standIn}:${port}`, `re:b 127.0.0.1:${port}`]);
  assert.deepEqual(server.asked, [`udp tracker.example:${port}`, `udp 127.0.0.1:${port}`]);
});

test("what a proxy can't pass on does not go at all", OPTIONS, async (t) => {
  const server = await socks(t);
  const open = (url: string, multicast = false) =>
    new NodeUdp(through(url)).open(
      {
        family: 4,
        port: 0,
        ...(multicast ? { multicast: { group: "239.192.152.143", onNetworksChanged: () => {} } } : {}),
      },
      () => {},
    );
  await assert.rejects(open(server.url()), {
    code: "ERR_LISTEN",
    message: `the proxy 127.0.0.1:${server.port} does not pass on UDP`,
  });
  await assert.rejects(open("http://127.0.0.1:8080"), { code: "ERR_LISTEN" });
  await assert.rejects(open(server.url(), true), {
    code: "ERR_LISTEN",
    message: "with a proxy nothing is sent to the local network",
  });
});

test("HTTP goes through either kind, by name", OPTIONS, async (t) => {
  const asked: (string | undefined)[] = [];
  const web = createHttpServer((request, response) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    response.end("body");
  }).listen(0, "127.0.0.1");
  t.after(() => web.close().closeAllConnections());
  await once(web, "listening");
  const { port } = web.address() as AddressInfo;
  const server = await socks(t, { names: { "web.example": "127.0.0.1" } });
  for (const url of [server.url(), `http://me:pw@127.0.0.1:${port}`]) {
    const http = new NodeHttp(through(url));
    t.after(() => http.close());
    const { body } = await http.get(`http://web.example:${port}/a?b`, { timeoutMs: 5000, maxBytes: 100 });
    assert.equal(Buffer.from(body).toString(), "body");
  }
  // An HTTP proxy is given the whole address.
  assert.deepEqual(asked, ["/a?b", `http://web.example:${port}/a?b Basic ${btoa("me:pw")}`]);
  assert.deepEqual(server.asked, [`connect web.example:${port}`]);
});

test("a proxy is read with its parts; a mistake is named without them", () => {
  assert.deepEqual(parseProxy("socks5h://me:a%40b@[2001:DB8::1]"), {
    kind: "socks5",
    host: "2001:db8::1",
    port: 1080,
    credentials: { username: "me", password: "a@b" },
  });
  assert.deepEqual(parseProxy("http://Proxy.example:3128/"), {
    kind: "http",
    host: "proxy.example",
    port: 3128,
    credentials: null,
  });
  for (const text of [
    "",
    "127.0.0.1:1080",
    "ftp://secret@x",
    "socks5://",
    "socks4://x",
    "http://x/secret",
    "socks5://:secret@x",
    "socks5://%zz:secret@x",
  ]) {
    assert.throws(
      () => parseProxy(text),
      (error: ShoalError) => error.code === "ERR_INVALID_ARGUMENT" && !error.message.includes("secret"),
      text,
    );
  }
});

/** A server that says `words` when it hears something, and nothing when that is null; "" hangs up. */
async function speaker(t: TestContext, words: string | null): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      if (words === "") socket.resetAndDestroy();
      else if (words !== null) socket.end(words);
    });
  }).listen(0, "127.0.0.1");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("nothing waits for a proxy that is silent longer than it wants to", OPTIONS, async (t) => {
  const policy = through(`socks5://127.0.0.1:${await speaker(t, null)}`);
  const ending = new AbortController();
  const { signal } = ending;
  const opening = new NodeUdp(policy).open({ family: 4, port: 0, signal }, () => {});
  setTimeout(() => ending.abort(), 50);
  await assert.rejects(opening, { code: "ERR_LISTEN" });
  const http = new NodeHttp(policy);
  t.after(() => http.close());
  const begun = performance.now();
  await assert.rejects(http.get("http://web.example/", { timeoutMs: 100, maxBytes: 100 }), {
    code: "ERR_HTTP",
    message: /^no answer from web.example/,
  });
  assert.ok(performance.now() - begun < 5_000);
});

test("a proxy that ends the conversation is told of as others are", OPTIONS, async (t) => {
  const port = await speaker(t, "");
  await assert.rejects(
    new NodeUdp(through(`socks5://127.0.0.1:${port}`)).open({ family: 4, port: 0 }, () => {}),
    {
      code: "ERR_LISTEN",
      message: `the proxy 127.0.0.1:${port} hangs up`,
    },
  );
});

test("what is wrong with an HTTP proxy is not said of the server behind it", OPTIONS, async (t) => {
  for (const [words, credentials, reason] of [
    ["HTTP/1.1 407 No\r\n\r\n", "", "wants a user name and a password"],
    ["HTTP/1.1 407 No\r\n\r\n", "me:secret@", "does not accept the user name and password"],
    ["HTTP/1.1 502 No\r\n\r\n", "", "has no answer from web.example (it says 502)"],
    ["SSH-2.0-x\r\n", "", "does not answer in HTTP"],
    ["", "", /can't be used: connection ended by/],
  ] as const) {
    const port = await speaker(t, words);
    const http = new NodeHttp(through(`http://${credentials}127.0.0.1:${port}`));
    t.after(() => http.close());
    await assert.rejects(
      http.get("http://web.example/", { timeoutMs: 5_000, maxBytes: 100 }),
      (error: ShoalError) => {
        const who = `the proxy 127.0.0.1:${port} `;
        assert.ok(error.message.startsWith(who), error.message);
        const rest = error.message.slice(who.length);
        if (typeof reason === "string") assert.equal(rest, reason);
        else assert.match(rest, reason);
        return true;
      },
    );
  }
});

test("a proxy whose name is not known is named once", OPTIONS, async (t) => {
  const http = new NodeHttp(new NetPolicy({ loopbackOnly: true, proxy: parseProxy("socks5://no.example") }));
  t.after(() => http.close());
  await assert.rejects(http.get("http://127.0.0.1/", { timeoutMs: 5_000, maxBytes: 100 }), {
    message:
      "the proxy no.example:1080 can't be used: no.example is not on this machine, and Shoal is kept to it",
  });
});

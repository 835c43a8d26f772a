import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import type { ShoalError } from "../../dist/base/errors.js";
import { NetPolicy } from "../../dist/node/net-policy.js";
import { TcpConnection } from "../../dist/node/tcp-connection.js";
import { NodeNet } from "../../dist/node/tcp.js";
import type { Connection, ConnectionSink, Listener } from "../../dist/ports/net.js";

const policy = new NetPolicy({ loopbackOnly: true });
const net = new NodeNet(policy);

/** A sink that keeps everything and lets tests wait for a condition. */
class Probe implements ConnectionSink {
  connected = 0;
  drains = 0;
  received: Uint8Array = new Uint8Array(0);
  closed: (ShoalError | null)[] = [];
  keep = true;
  count = 0;
  #waiters: { check: () => boolean; resolve: () => void }[] = [];

  onConnected(): void {
    this.connected++;
    this.#wake();
  }
  onBytes(buffer: Uint8Array, start: number, end: number): void {
    assert.equal(buffer.constructor, Uint8Array, "never a Buffer");
    this.count += end - start;
    if (this.keep) this.received = Buffer.concat([this.received, buffer.slice(start, end)]);
    this.#wake();
  }
  onDrain(): void {
    this.drains++;
    this.#wake();
  }
  onClosed(error: ShoalError | null): void {
    this.closed.push(error);
    this.#wake();
  }
  until(check: () => boolean): Promise<void> {
    if (check()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ check, resolve }));
  }
  #wake(): void {
    this.#waiters = this.#waiters.filter((waiter) => {
      if (!waiter.check()) return true;
      waiter.resolve();
      return false;
    });
  }
}

interface Pair {
  listener: Listener;
  client: Connection;
  server: Connection;
  a: Probe;
  b: Probe;
}

async function listen(t: TestContext, onConnection: (c: Connection) => void): Promise<Listener> {
  const listener = await net.listen({ ports: [0] }, onConnection);
  t.after(() => listener.close());
  return listener;
}

async function pair(t: TestContext, reader: Probe = new Probe()): Promise<Pair> {
  const a = new Probe();
  let accept: (c: Connection) => void;
  const accepted = new Promise<Connection>((resolve) => (accept = resolve));
  const listener = await listen(t, (connection) => {
    connection.start(reader);
    accept(connection);
  });
  const client = net.connect(listener.endpoint);
  client.start(a);
  const server = await accepted;
  t.after(() => {
    client.close();
    server.close();
  });
  await a.until(() => a.connected === 1);
  return { listener, client, server, a, b: reader };
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >>> 8) + seed) & 0xff);
}

test("bytes go both ways, and closing tells both sides once", async (t) => {
  const { client, server, a, b, listener } = await pair(t);
  assert.equal(listener.endpoint.host, "127.0.0.1");
  assert.equal(server.remote.host, "127.0.0.1");
  assert.equal(client.remote.port, listener.endpoint.port);
  client.write(Uint8Array.of(1, 2, 3));
  server.write(Uint8Array.of(4, 5));
  await b.until(() => b.count === 3);
  await a.until(() => a.count === 2);
  assert.deepEqual([...b.received], [1, 2, 3]);
  assert.deepEqual([...a.received], [4, 5]);
  client.close();
  client.close();
  assert.deepEqual(a.closed, [], "never from inside the call");
  await a.until(() => a.closed.length > 0);
  await b.until(() => b.closed.length > 0);
  assert.deepEqual(a.closed, [null]);
  assert.deepEqual(b.closed, [null]);
});

test("sockets that share the scratch don't mix up their bytes", async (t) => {
  const probes = new Map<number, Probe>();
  const listener = await listen(t, (connection) => {
    const probe = new Probe();
    probes.set(connection.remote.port, probe);
    connection.start(probe);
    t.after(() => connection.close());
  });
  const sent: Uint8Array[] = [];
  const clients = Array.from({ length: 8 }, (_, i) => {
    const socket = connect(listener.endpoint.port, "127.0.0.1");
    const bytes = pattern(600_000 + i, i * 31);
    sent.push(bytes);
    socket.write(bytes);
    t.after(() => socket.destroy());
    return socket;
  });
  for (const [i, socket] of clients.entries()) {
    if (socket.localPort === undefined) await once(socket, "connect");
    while (!probes.has(socket.localPort!)) await new Promise((resolve) => setImmediate(resolve));
    const probe = probes.get(socket.localPort!)!;
    await probe.until(() => probe.count === sent[i]!.length);
    assert.deepEqual(Buffer.from(probe.received), Buffer.from(sent[i]!));
  }
});

test("a paused side receives nothing more, and everything after it resumes", async (t) => {
  const { client, server, a, b } = await pair(t);
  for (const [from, to, probe] of [
    [client, server, b],
    [server, client, a],
  ] as const) {
    probe.keep = false;
    to.pauseReading();
    const bytes = pattern(16_000_000, 5);
    let done = 0;
    from.write(bytes, () => done++);
    // What a read that is already under way delivers may still come; then nothing.
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    const before = probe.count;
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(probe.count, before);
    assert.ok(before < bytes.length / 2);
    assert.ok(from.queuedBytes > 0);
    assert.equal(done, 0);
    to.resumeReading();
    await probe.until(() => probe.count === bytes.length);
    const writer = from === client ? a : b;
    await writer.until(() => writer.drains > 0);
    assert.equal(from.queuedBytes, 0);
    assert.equal(done, 1);
  }
});

test("every write that leaves the queue empty is followed by a drain", async (t) => {
  const { client, a } = await pair(t);
  client.write(Uint8Array.of(1));
  await a.until(() => a.drains === 1);
  client.write(Uint8Array.of(2));
  client.write(Uint8Array.of(3));
  await a.until(() => a.drains === 2);
  assert.equal(client.queuedBytes, 0);
});

test("what was written before close still arrives", async (t) => {
  const { client, a, b } = await pair(t);
  b.keep = false;
  let done = 0;
  client.write(new Uint8Array(5_000_000), () => done++);
  client.close();
  client.write(Uint8Array.of(1), () => done++);
  await b.until(() => b.closed.length > 0);
  assert.equal(b.count, 5_000_000);
  assert.deepEqual(b.closed, [null]);
  assert.deepEqual(a.closed, [null]);
  assert.equal(done, 2);
});

test("writes that fail are reported as done", async (t) => {
  let raw: Socket | undefined;
  const server = createServer((socket) => (raw = socket.pause())).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const probe = new Probe();
  const client = net.connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  client.start(probe);
  await probe.until(() => probe.connected === 1);
  let done = 0;
  for (let i = 0; i < 4; i++) client.write(new Uint8Array(4_000_000), () => done++);
  while (raw === undefined) await new Promise((resolve) => setImmediate(resolve));
  raw.resetAndDestroy();
  await probe.until(() => probe.closed.length > 0);
  client.write(Uint8Array.of(1), () => done++);
  while (done < 5) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(probe.closed.length, 1);
  const [error] = probe.closed;
  assert.equal(error?.code, "ERR_CONNECT");
  assert.match(error.message, /^connection ended by 127\.0\.0\.1:\d+$/);
});

test("a refused connection says so in words", async () => {
  const listener = await net.listen({ ports: [0] }, () => {});
  await listener.close();
  const probe = new Probe();
  net.connect(listener.endpoint).start(probe);
  await probe.until(() => probe.closed.length > 0);
  assert.equal(probe.connected, 0);
  assert.equal(probe.closed[0]?.code, "ERR_CONNECT");
  assert.equal(probe.closed[0].message, `connection refused by 127.0.0.1:${listener.endpoint.port}`);
  assert.equal(probe.closed[0].details["systemCode"], "ECONNREFUSED");
});

test("addresses that are no use fail without a socket", async () => {
  const cases: [host: string, port: number, message: RegExp][] = [
    ["8.8.8.8", 6881, /^8\.8\.8\.8 is not on this machine/],
    ["2001:4860::1", 6881, /is not on this machine/],
    ["example.com", 6881, /^example\.com is not an address$/],
    ["127.0.0.1", 70_000, /failed/],
  ];
  for (const [host, port, message] of cases) {
    const probe = new Probe();
    const connection = net.connect({ host, port });
    connection.start(probe);
    assert.equal(probe.closed.length, 0);
    await probe.until(() => probe.closed.length > 0);
    assert.match(probe.closed[0]!.message, message);
    connection.close();
  }
});

test("closing early: before start, before the connection is up", async (t) => {
  const listener = await listen(t, (connection) => connection.close());
  const unstarted = net.connect(listener.endpoint);
  unstarted.close();
  const first = new Probe();
  unstarted.start(first);
  await first.until(() => first.closed.length > 0);

  const second = new Probe();
  const connecting = net.connect(listener.endpoint);
  connecting.start(second);
  connecting.close();
  await second.until(() => second.closed.length > 0);

  const third = new Probe();
  net.connect(listener.endpoint).start(third);
  await third.until(() => third.closed.length > 0);
  assert.deepEqual([first.closed, second.closed, third.closed.length], [[null], [null], 1]);
  assert.equal(first.connected + second.connected, 0);
});

test("ports are tried in order", async (t) => {
  const first = await listen(t, () => {});
  const taken = first.endpoint.port;
  const second = await net.listen({ ports: [taken, 0] }, () => {});
  assert.notEqual(second.endpoint.port, taken);
  await second.close();
  await assert.rejects(
    net.listen({ ports: [taken] }, () => {}),
    (error: ShoalError) => error.code === "ERR_PORT_IN_USE" && error.message === `port ${taken} is taken`,
  );
  await assert.rejects(
    net.listen({ ports: [taken, taken] }, () => {}),
    (error: ShoalError) => error.code === "ERR_PORT_IN_USE" && error.message.startsWith("all ports from"),
  );
  await assert.rejects(
    net.listen({ ports: [] }, () => {}),
    { code: "ERR_INVALID_ARGUMENT" },
  );
  await assert.rejects(
    net.listen({ ports: [70_000] }, () => {}),
    { code: "ERR_LISTEN", message: "70000 is not a port number" },
  );
  await assert.rejects(
    net.listen({ host: "192.0.2.1", ports: [0] }, () => {}),
    { code: "ERR_LISTEN" },
  );
  const elsewhere = new NodeNet(new NetPolicy());
  await assert.rejects(
    elsewhere.listen({ host: "192.0.2.1", ports: [0] }, () => {}),
    {
      code: "ERR_LISTEN",
      message: "192.0.2.1 is not an address of this machine",
    },
  );
});

test("a closed listener frees its port although connections live on", async (t) => {
  const { listener, client, b } = await pair(t);
  await listener.close();
  const again = await net.listen({ ports: [listener.endpoint.port] }, () => {});
  await again.close();
  client.write(Uint8Array.of(9));
  await b.until(() => b.count === 1);
});

test("both families reach a listener on all interfaces, under plain addresses", async (t) => {
  const open = new NodeNet(new NetPolicy());
  const remotes: string[] = [];
  const listener = await open.listen({ ports: [0] }, (connection) => {
    remotes.push(connection.remote.host);
    connection.close();
  });
  t.after(() => listener.close());
  const hosts = listener.endpoint.host === "::" ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
  for (const host of hosts) {
    const probe = new Probe();
    open.connect({ host, port: listener.endpoint.port }).start(probe);
    await probe.until(() => probe.closed.length > 0);
  }
  assert.deepEqual(remotes, hosts);
});

test("an accepted socket whose handle can't be moved is read by 'data' events", async (t) => {
  const probe = new Probe();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    Object.assign((socket as unknown as { _handle: object })._handle, { useUserBuffer: undefined });
    const connection = new TcpConnection({ host: "127.0.0.1", port: socket.remotePort! }, socket, policy);
    connection.start(probe);
    t.after(() => connection.close());
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const bytes = pattern(300_000, 1);
  const client = net.connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  const other = new Probe();
  client.start(other);
  client.write(bytes);
  await probe.until(() => probe.count === bytes.length);
  assert.deepEqual(Buffer.from(probe.received), Buffer.from(bytes));
  client.close();
  await probe.until(() => probe.closed.length > 0);
  assert.deepEqual(probe.closed, [null]);
});

test("names", async () => {
  assert.deepEqual(await net.resolve("127.0.0.1"), ["127.0.0.1"]);
  assert.deepEqual(await net.resolve("[::1]"), ["::1"]);
  assert.ok(
    (await net.resolve("localhost")).every((address) => address === "127.0.0.1" || address === "::1"),
  );
  await assert.rejects(net.resolve("tracker.example"), { code: "ERR_CONNECT", message: /kept to it$/ });
  await assert.rejects(net.resolve("8.8.8.8"), { code: "ERR_CONNECT" });
});

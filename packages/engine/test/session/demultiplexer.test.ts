import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, utf8, utf8Text } from "../../dist/base/bytes.js";
import type { Connection, ConnectionSink, Endpoint } from "../../dist/ports/net.js";
import { Demultiplexer, type Transport } from "../../dist/session/demultiplexer.js";
import { plainTransport } from "../../dist/session/plain-transport.js";

/** A connection whose other end is the test. */
class TestConnection implements Connection {
  readonly remote: Endpoint;
  readonly queuedBytes = 0;
  closed = false;
  sink: ConnectionSink | null = null;

  start(sink: ConnectionSink): void {
    this.sink = sink;
  }
  handOver(sink: ConnectionSink): void {
    this.sink = sink;
  }
  write(): void {}
  pauseReading(): void {}
  resumeReading(): void {}
  close(): void {
    this.closed = true;
  }

  constructor(host: string) {
    this.remote = { host, port: 1 };
  }
  /** As the network does: in a buffer that is used again. */
  say(text: string): void {
    const buffer = concatBytes(utf8("xx"), utf8(text), utf8("yy"));
    this.sink!.onBytes(buffer, 2, buffer.length - 2);
    buffer.fill(0);
  }
}

class Listener implements ConnectionSink {
  heard = "";
  closed = false;

  onConnected(): void {}
  onBytes(buffer: Uint8Array, start: number, end: number): void {
    this.heard += utf8Text(buffer.subarray(start, end));
  }
  onDrain(): void {}
  onClosed(): void {
    this.closed = true;
  }
}

/** Knows connections that begin with `word`. */
function wordTransport(word: string): Transport & { readonly listener: Listener } {
  const listener = new Listener();
  return {
    name: word,
    listener,
    matches: (firstBytes) => {
      const text = utf8Text(firstBytes);
      if (text.startsWith(word)) return "yes";
      return word.startsWith(text) ? "more" : "no";
    },
    accept: () => listener,
  };
}

const HANDSHAKE = `\x13BitTorrent protocol${"-".repeat(48)}`;

function scene(): {
  readonly demultiplexer: Demultiplexer;
  readonly plain: Listener;
  readonly rest: Listener;
  readonly enter: (host?: string) => TestConnection;
} {
  const plain = new Listener();
  const rest = new Listener();
  const last: Transport = { name: "rest", matches: () => "yes", accept: () => rest };
  const demultiplexer = new Demultiplexer(
    plainTransport(() => plain),
    last,
    3,
  );
  const enter = (host = "198.51.100.1"): TestConnection => {
    const connection = new TestConnection(host);
    demultiplexer.enter(connection, 0);
    return connection;
  };
  return { demultiplexer, plain, rest, enter };
}

test("each protocol gets its connections from the first byte on, however they are cut", () => {
  const { demultiplexer, plain, rest, enter } = scene();
  const get = wordTransport("GET /");
  demultiplexer.register(get);
  const whole = enter();
  whole.say(HANDSHAKE);
  assert.equal(plain.heard, HANDSHAKE);
  const cut = enter();
  for (const byte of "GET /x") cut.say(byte);
  assert.equal(get.listener.heard, "GET /x");
  cut.say(" more");
  assert.equal(get.listener.heard, "GET /x more");
  enter().say("\x13BitTorrent prozac");
  assert.equal(rest.heard, "\x13BitTorrent prozac");
  assert.equal(demultiplexer.size, 0);
});

test("a protocol that can't decide loses the connection after 64 bytes", () => {
  const { demultiplexer, rest, enter } = scene();
  demultiplexer.register({ name: "slow", matches: () => "more", accept: () => null });
  const connection = enter();
  connection.say("a".repeat(63));
  assert.equal(demultiplexer.size, 1);
  connection.say("b");
  assert.equal(demultiplexer.size, 0);
  assert.equal(rest.heard, `${"a".repeat(63)}b`);
});

test("what is refused is closed and not listened to", () => {
  const none: Transport = { name: "none", matches: () => "no", accept: () => null };
  const demultiplexer = new Demultiplexer(plainTransport(null), none, 3);
  const [plain, other] = [new TestConnection("198.51.100.1"), new TestConnection("198.51.100.1")];
  for (const connection of [plain, other]) demultiplexer.enter(connection, 0);
  plain.say(HANDSHAKE);
  other.say("noise");
  for (const connection of [plain, other]) {
    assert.equal(connection.closed, true);
    connection.say("more noise");
    connection.sink!.onClosed(null);
  }
  assert.equal(demultiplexer.size, 0);
});

test("who says nothing in time is closed", () => {
  const { demultiplexer, enter } = scene();
  const connection = enter();
  assert.equal(demultiplexer.onTick(15_000, 15_000), true);
  assert.equal(connection.closed, false);
  demultiplexer.onTick(15_001, 15_000);
  assert.equal(connection.closed, true);
  connection.sink!.onClosed(null);
  assert.equal(demultiplexer.onTick(15_002, 15_000), false);
});

test("of too many who say nothing, the first of the largest crowd is sent away", () => {
  const { demultiplexer, plain, enter } = scene();
  const guest = enter("198.51.100.2");
  const crowd = [enter(), enter(), enter(), enter()];
  assert.deepEqual(
    crowd.map(({ closed }) => closed),
    [true, true, false, false],
  );
  assert.equal(demultiplexer.size, 3);
  crowd[0]!.say(HANDSHAKE);
  assert.equal(plain.heard, "", "who was sent away is not listened to");
  guest.say(HANDSHAKE);
  assert.equal(plain.heard, HANDSHAKE);
});

test("a name is taken once", () => {
  const { demultiplexer } = scene();
  demultiplexer.register(wordTransport("GET"));
  assert.throws(() => demultiplexer.register(wordTransport("GET")), RangeError);
  assert.throws(() => demultiplexer.register(wordTransport("plain")), RangeError);
});

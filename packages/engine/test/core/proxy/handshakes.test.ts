import assert from "node:assert/strict";
import { test } from "node:test";
import type { Proxy } from "../../../dist/base/proxy.js";
import { concatBytes, fromHex, toHex, utf8, utf8Text } from "../../../dist/base/bytes.js";
import type { ShoalError } from "../../../dist/base/errors.js";
import { HttpConnect } from "../../../dist/core/proxy/http-connect.js";
import type { HandshakeEnd, ProxyHandshake } from "../../../dist/core/proxy/proxy-handshake.js";
import { Socks5Handshake } from "../../../dist/core/proxy/socks5-handshake.js";

const OPEN: Proxy = { kind: "socks5", host: "192.0.2.1", port: 1080, credentials: null };
const LOCKED: Proxy = { ...OPEN, credentials: { username: "me", password: "secret-word" } };
const TO = { host: "192.0.2.7", port: 6881 };
const REST = utf8("\x13BitTorrent");

/** Plays the proxy's bytes in pieces of a size. Returns all that was sent, and the end. */
function play(
  handshake: ProxyHandshake,
  proxy: Uint8Array,
  size: number,
): { sent: string; done: HandshakeEnd | null } {
  let sent = toHex(handshake.start());
  for (let at = 0; at < proxy.length; at += size) {
    const { send, done } = handshake.onBytes(proxy.slice(at, at + size));
    if (send !== null) sent += ` ${toHex(send)}`;
    // What comes later is not the handshake's business.
    if (done !== null) {
      return { sent, done: { ...done, rest: concatBytes(done.rest, proxy.slice(at + size)) } };
    }
  }
  return { sent, done: null };
}

test("a SOCKS5 server is asked with and without a password, however its answers are cut", () => {
  for (const size of [1, 2, 3, 100]) {
    const plain = concatBytes(fromHex("0500"), fromHex("05000001c00002091ae2"), REST);
    // All at once it could only come from one that does not wait for us: in pieces of at most the first answer.
    const open = play(new Socks5Handshake(OPEN, "CONNECT", TO), plain, Math.min(size, 2));
    assert.equal(open.sent, "050100 05010001c00002071ae1");
    assert.deepEqual(open.done, { bound: { host: "192.0.2.9", port: 6882 }, rest: REST });
    const locked = concatBytes(fromHex("0502"), fromHex("0100"), fromHex("05000001c00002091ae2"), REST);
    const { sent, done } = play(new Socks5Handshake(LOCKED, "CONNECT", TO), locked, Math.min(size, 2));
    assert.match(sent, /^05020002 01026d65/);
    assert.deepEqual(done?.rest, REST);
  }
});

const REFUSALS: readonly (readonly [proxy: Proxy, hex: string, message: string])[] = [
  [OPEN, "05ff", "the proxy 192.0.2.1:1080 wants a user name and a password"],
  [LOCKED, "05ff", "the proxy 192.0.2.1:1080 does not take a user name and password"],
  [LOCKED, "05020101", "the proxy 192.0.2.1:1080 does not accept the user name and password"],
  [
    OPEN,
    "050005050001000000000000",
    "the proxy 192.0.2.1:1080 can't connect to 192.0.2.7:6881: connection refused",
  ],
  [OPEN, "0500050300", "the proxy 192.0.2.1:1080 can't connect to 192.0.2.7:6881: no way to that network"],
  [OPEN, "485454502f312e31", "the proxy 192.0.2.1:1080 does not speak SOCKS5"],
  [OPEN, "050004000000", "the proxy 192.0.2.1:1080 does not speak SOCKS5"],
];

for (const [proxy, hex, message] of REFUSALS) {
  test(`"${message}" (${hex})`, () => {
    const handshake = new Socks5Handshake(proxy, "CONNECT", TO);
    assert.throws(
      () => play(handshake, fromHex(hex), 2),
      (error: ShoalError) =>
        error.code === "ERR_CONNECT" &&
        error.message === message &&
        !JSON.stringify(error).includes("secret"),
    );
  });
}

test("a server that passes on no datagrams is told from one that fails", () => {
  const handshake = new Socks5Handshake(OPEN, "UDP_ASSOCIATE", { host: "0.0.0.0", port: 0 });
  assert.throws(() => play(handshake, fromHex("050005070001000000000000"), 2), {
    message: "the proxy 192.0.2.1:1080 does not pass on UDP",
  });
});

const HTTP: Proxy = { ...LOCKED, kind: "http" };

test("an HTTP proxy is asked for a connection, however its answer is cut", () => {
  const answer = concatBytes(utf8("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"), REST);
  for (const size of [1, 2, 7, 1000]) {
    const { sent, done } = play(new HttpConnect(HTTP, TO), answer, size);
    assert.equal(
      utf8Text(fromHex(sent)),
      `CONNECT 192.0.2.7:6881 HTTP/1.1\r\nHost: 192.0.2.7:6881\r\nProxy-Authorization: Basic ${btoa("me:secret-word")}\r\n\r\n`,
    );
    assert.deepEqual(done, { bound: null, rest: REST });
  }
});

test("an HTTP proxy's refusals are told apart", () => {
  for (const [proxy, answer, message] of [
    [HTTP, "HTTP/1.1 407 no\r\n", "the proxy 192.0.2.1:1080 does not accept the user name and password"],
    [
      { ...HTTP, credentials: null },
      "HTTP/1.0 407 no\r\n",
      "the proxy 192.0.2.1:1080 wants a user name and a password",
    ],
    [
      HTTP,
      "HTTP/1.1 403 no\r\n",
      "the proxy 192.0.2.1:1080 can't connect to 192.0.2.7:6881 (it answers 403)",
    ],
    [HTTP, "SSH-2.0-x\r\n", "the proxy 192.0.2.1:1080 does not speak HTTP"],
    [HTTP, `HTTP/1.1 200 ok\r\nx: ${"y".repeat(20_000)}`, "the proxy 192.0.2.1:1080 does not speak HTTP"],
  ] as const) {
    for (const size of [1, 1000]) {
      assert.throws(() => play(new HttpConnect(proxy, TO), utf8(answer), size), {
        code: "ERR_CONNECT",
        message,
      });
    }
  }
});

import assert from "node:assert/strict";
import { type FuzzTarget, outcomeOf } from "@shoal/testkit/fuzz";
import type { Proxy } from "../../dist/base/proxy.js";
import { fromHex, utf8 } from "../../dist/base/bytes.js";
import { HttpConnect } from "../../dist/core/proxy/http-connect.js";
import type { ProxyHandshake } from "../../dist/core/proxy/proxy-handshake.js";
import { Socks5Handshake } from "../../dist/core/proxy/socks5-handshake.js";
import { decodeSocksPacket, encodeSocksPacket } from "../../dist/wire/socks5.js";

const TO = { host: "192.0.2.7", port: 6881 };
const PROXY: Proxy = {
  kind: "socks5",
  host: "192.0.2.1",
  port: 1080,
  credentials: { username: "a", password: "b" },
};

/** The answers of a proxy in two pieces, and all at once. */
function talk(input: Uint8Array, make: () => ProxyHandshake): string {
  return outcomeOf(
    () => {
      const handshake = make();
      handshake.start();
      const middle = input.length >> 1;
      const first = handshake.onBytes(input.slice(0, middle));
      return first.done ?? handshake.onBytes(input.slice(middle)).done;
    },
    (done) => {
      if (done !== null) assert.ok(done.rest.length <= input.length);
      return done === null ? "more" : "done";
    },
  );
}

const handshakes: FuzzTarget = {
  name: "proxy",
  about: "what proxies answer, and datagrams that they pass on",
  seeds: () => [
    fromHex("0500050000010000000000001ae1"),
    fromHex("05020100050000030161001ae1"),
    utf8("HTTP/1.1 200 ok\r\n\r\nrest"),
    utf8("HTTP/1.1 407 x\r\n\r\n"),
    encodeSocksPacket(TO, Uint8Array.of(1)),
    encodeSocksPacket({ host: "a.example", port: 1 }, Uint8Array.of(1)),
  ],
  run(input) {
    const socks = talk(input, () => new Socks5Handshake(PROXY, "CONNECT", TO));
    const http = talk(input, () => new HttpConnect(PROXY, TO));
    const packet = outcomeOf(
      () => decodeSocksPacket(input),
      ({ data }) => {
        assert.ok(data.length < input.length);
        return "packet";
      },
    );
    return `${socks}/${http}/${packet}`;
  },
};

export const targets: readonly FuzzTarget[] = [handshakes];

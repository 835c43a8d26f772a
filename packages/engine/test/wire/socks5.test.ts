import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, fromHex, toHex, utf8 } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import {
  decodeSocksMethod,
  decodeSocksPacket,
  decodeSocksReply,
  encodeSocksGreeting,
  encodeSocksPacket,
  encodeSocksPassword,
  encodeSocksRequest,
  SOCKS_COMMAND,
} from "../../dist/wire/socks5.js";

test("greetings, passwords and requests are written as RFC 1928 and 1929 have them", () => {
  assert.equal(toHex(encodeSocksGreeting(false)), "050100");
  assert.equal(toHex(encodeSocksGreeting(true)), "05020002");
  assert.equal(toHex(encodeSocksPassword("me", "pw")), "01026d65027077");
  const to = (host: string) => toHex(encodeSocksRequest(SOCKS_COMMAND.CONNECT, { host, port: 6881 }));
  assert.equal(to("192.0.2.7"), "05010001c00002071ae1");
  assert.equal(to("2001:db8::1"), "0501000420010db80000000000000000000000011ae1");
  assert.equal(to("a.example"), `0501000309${toHex(utf8("a.example"))}1ae1`);
});

test("what does not fit is refused", () => {
  const port = 1;
  for (const host of ["", "x".repeat(256)]) {
    assert.throws(() => encodeSocksRequest(SOCKS_COMMAND.CONNECT, { host, port }), ProtocolError);
  }
  assert.throws(() => encodeSocksPassword("", "x"), ProtocolError);
  assert.throws(() => encodeSocksPassword("x", "y".repeat(256)), ProtocolError);
});

test("a reply is read once it is complete, whatever kind of address it has", () => {
  for (const [hex, host] of [
    ["05000001c00002071ae1", "192.0.2.7"],
    ["0500000420010db80000000000000000000000011ae1", "2001:db8::1"],
    ["05000003026d651ae1", "me"],
  ] as const) {
    const bytes = fromHex(hex);
    for (let end = 0; end < bytes.length; end++) assert.equal(decodeSocksReply(bytes.subarray(0, end)), null);
    const more = concatBytes(bytes, Uint8Array.of(1, 2));
    assert.deepEqual(decodeSocksReply(more), { bound: { host, port: 6881 }, length: bytes.length });
  }
  for (const hex of ["04", "485454502f312e31", "050000090000"]) {
    assert.throws(() => decodeSocksReply(fromHex(hex)), ProtocolError, hex);
  }
});

test("the choice of a method comes from a SOCKS5 server alone", () => {
  assert.equal(decodeSocksMethod(Uint8Array.of(5, 2)), 2);
  for (const bytes of [[], [5], [4, 0], [72, 84]]) {
    assert.throws(() => decodeSocksMethod(Uint8Array.from(bytes)), ProtocolError);
  }
});

test("datagrams come back as they went; fragments and what is cut off are refused", () => {
  const data = Uint8Array.of(1, 2, 3);
  for (const host of ["192.0.2.7", "2001:db8::1", "a.example"]) {
    const packet = encodeSocksPacket({ host, port: 53 }, data);
    assert.deepEqual(decodeSocksPacket(packet), { from: { host, port: 53 }, data });
    for (let end = 0; end < packet.length - 3; end++) {
      assert.throws(() => decodeSocksPacket(packet.subarray(0, end)), ProtocolError);
    }
    packet[2] = 1;
    assert.throws(() => decodeSocksPacket(packet), ProtocolError);
  }
});

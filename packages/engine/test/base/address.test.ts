import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import {
  canonicalIp,
  decodeCompactPeers,
  encodeCompactPeer,
  endpointKey,
  formatEndpoint,
  formatIp,
  isBogon,
  isLoopback,
  isPrivate,
  parseEndpoint,
  parseIp,
} from "../../dist/base/address.js";
import { ProtocolError } from "../../dist/base/errors.js";

test("addresses come back in one spelling (RFC 5952)", () => {
  const cases: [string, string | null][] = [
    ["1.2.3.4", "1.2.3.4"],
    ["255.255.255.255", "255.255.255.255"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::ffff:a00:1", "10.0.0.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["", null],
    ["1.2.3", null],
    ["1.2.3.4.5", null],
    ["256.1.1.1", null],
    ["01.2.3.4", null],
    [" 1.2.3.4", null],
    ["1:2:3:4:5:6:7", null],
    ["1:2:3:4:5:6:7:8:9", null],
    ["1:2:3:4:5:6:7:8::", null],
    ["1::2::3", null],
    [":::", null],
    [":1:2:3:4:5:6:7", null],
    ["12345::", null],
    ["fe80::1%eth0", null],
    ["1.2.3.4::", null],
    ["::1.2.3.4.5", null],
    ["g::", null],
    ["localhost", null],
  ];
  for (const [text, want] of cases) assert.equal(canonicalIp(text), want, text);
});

test("any address survives writing and reading", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc
      .array(fc.oneof(fc.constant(0), fc.nat({ max: 255 })), { minLength: 16, maxLength: 16 })
      .map((a) => Uint8Array.from(a)),
  );
  fc.assert(
    fc.property(bytes, (ip) => {
      const text = formatIp(ip);
      assert.notEqual(isIP(text), 0);
      const back = parseIp(text)!;
      assert.deepEqual(back, ip.length === back.length ? ip : ip.slice(12));
    }),
  );
  assert.throws(() => formatIp(new Uint8Array(5)), ProtocolError);
});

test("agrees with the system on what an address is", () => {
  const part = fc.constantFrom(
    "0",
    "1",
    "ff",
    "255",
    "256",
    "01",
    "::",
    ":",
    ".",
    "1.2.3.4",
    "abcd",
    "12345",
    "f",
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
      const text = parts.join("");
      assert.equal(parseIp(text) !== null, isIP(text) !== 0, text);
    }),
    { numRuns: 2000 },
  );
});

test("endpoints", () => {
  assert.deepEqual(parseEndpoint("1.2.3.4:5"), { host: "1.2.3.4", port: 5 });
  assert.deepEqual(parseEndpoint("[0::1]:65535"), { host: "::1", port: 65535 });
  assert.deepEqual(parseEndpoint("[::ffff:1.2.3.4]:5"), { host: "1.2.3.4", port: 5 });
  assert.deepEqual(parseEndpoint("Peer-1.Example.com:6881"), { host: "peer-1.example.com", port: 6881 });
  const bad = [
    "",
    "1.2.3.4",
    "1.2.3.4:",
    "1.2.3.4:0",
    "1.2.3.4:65536",
    "::1:5",
    "[::1]",
    "[]:5",
    "[1::2::3]:5",
    ":5",
    "a b:5",
  ];
  for (const text of [
    ...bad,
    "300.1.1.1:5",
    "1.2.3:5",
    "0x7f.1:5",
    "-a:5",
    "a..b:5",
    `${"a".repeat(254)}:5`,
  ]) {
    assert.throws(() => parseEndpoint(text), ProtocolError, text);
  }
  assert.equal(formatEndpoint({ host: "::1", port: 80 }), "[::1]:80");
  assert.equal(endpointKey("1.2.3.4", 80), "1.2.3.4:80");
});

test("kinds of addresses", () => {
  const kinds = (host: string): string =>
    [isLoopback(host) && "loopback", isPrivate(host) && "private", isBogon(host) && "bogon"]
      .filter(Boolean)
      .join(" ");
  const cases: [string, string][] = [
    ["127.0.0.1", "loopback private"],
    ["127.255.1.1", "loopback private"],
    ["::1", "loopback private"],
    ["::ffff:127.0.0.1", "loopback private"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.31.0.1", "private"],
    ["172.32.0.1", ""],
    ["192.168.1.1", "private"],
    ["169.254.1.1", "private"],
    ["100.64.0.1", "private"],
    ["100.128.0.1", ""],
    ["fe80::1", "private"],
    ["fd00::1", "private"],
    ["8.8.8.8", ""],
    ["2606:4700::1", ""],
    ["0.0.0.0", "bogon"],
    ["::", "bogon"],
    ["224.0.0.1", "bogon"],
    ["255.255.255.255", "bogon"],
    ["ff02::1", "bogon"],
    ["example.com", "bogon"],
  ];
  for (const [host, want] of cases) assert.equal(kinds(host), want, host);
});

test("compact peers (BEP 5, 7, 23)", () => {
  assert.deepEqual(encodeCompactPeer({ host: "1.2.3.4", port: 6881 }), Uint8Array.of(1, 2, 3, 4, 0x1a, 0xe1));
  assert.equal(encodeCompactPeer({ host: "::1", port: 1 })?.length, 18);
  assert.equal(encodeCompactPeer({ host: "example.com", port: 1 }), null);

  const v4 = Uint8Array.of(1, 2, 3, 4, 0, 5, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 7, 5, 6, 7, 8, 1, 0);
  assert.deepEqual(decodeCompactPeers(v4, 4, 100), [
    { host: "1.2.3.4", port: 5 },
    { host: "5.6.7.8", port: 256 },
  ]);
  assert.equal(decodeCompactPeers(v4, 4, 1).length, 1);
  assert.throws(() => decodeCompactPeers(v4.subarray(1), 4, 100), ProtocolError);
  const v6 = encodeCompactPeer({ host: "2001:db8::5", port: 6881 })!;
  assert.deepEqual(decodeCompactPeers(v6, 16, 100), [{ host: "2001:db8::5", port: 6881 }]);
});

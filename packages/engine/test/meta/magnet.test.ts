import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesToBase32, toHex } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { primaryKey, shortHashes, truncate } from "../../dist/meta/info-hash.js";
import { formatMagnet, parseInfoHash, parseMagnet, type Magnet } from "../../dist/meta/magnet.js";

const V1 = "0123456789abcdef0123456789abcdef01234567";
const V2 = "89abcdef".repeat(8);
const XT1 = `xt=urn:btih:${V1}`;
const XT2 = `xt=urn:btmh:1220${V2}`;
const hashes = ({ infoHashes: { v1, v2 } }: Magnet): (string | null)[] => [v1 && toHex(v1), v2 && toHex(v2)];

test("v1, v2 and hybrid, hex and base32, in any case and order", () => {
  const base32 = bytesToBase32(Buffer.from(V1, "hex"));
  assert.deepEqual(hashes(parseMagnet(`magnet:?${XT1}`)), [V1, null]);
  assert.deepEqual(hashes(parseMagnet(`MAGNET:?XT=URN:BTIH:${V1.toUpperCase()}`)), [V1, null]);
  assert.deepEqual(hashes(parseMagnet(`magnet:?xt=urn:btih:${base32}`)), [V1, null]);
  assert.deepEqual(hashes(parseMagnet(`magnet:?xt=urn:btih:${base32.toLowerCase()}`)), [V1, null]);
  assert.deepEqual(hashes(parseMagnet(`magnet:?${XT2}`)), [null, V2]);
  assert.deepEqual(hashes(parseMagnet(` magnet:?dn=x&${XT2}&${XT1}&${XT1}\n`)), [V1, V2]);
  assert.deepEqual(hashes(parseMagnet(`magnet:?xt.1=urn:btih:${V1}&xt.2=urn:btmh:1220${V2.toUpperCase()}`)), [
    V1,
    V2,
  ]);
  assert.deepEqual(hashes(parseMagnet(`magnet:?xt=urn%3Abtih%3A${V1}&amp;xt=urn:sha1:abc`)), [V1, null]);
});

test("everything else that a link can say", () => {
  const magnet = parseMagnet(
    `magnet:?${XT1}&dn=a+b%20%C3%BC%zz%&tr=http%3A%2F%2Ft%2Fa%3Fx%3D1%2B2&tr.1=udp://u:80&tr=nonsense&tr=udp://u:80&ws=https://w/&ws=file:///x&xl=1234&x.pe=1.2.3.4:5&x.pe=%5B::1%5D:6&x.pe=host.example:7&x.pe=bad&x.pe=h:0&so=4-7,0,2,1,7-9&foo&bar=`,
  );
  assert.equal(magnet.name, "a b ü%zz%");
  assert.deepEqual(magnet.trackers, ["http://t/a?x=1+2", "udp://u:80"]);
  assert.deepEqual(magnet.webSeeds, ["https://w/"]);
  assert.equal(magnet.exactLength, 1234);
  assert.deepEqual(magnet.peers, [
    { host: "1.2.3.4", port: 5 },
    { host: "::1", port: 6 },
    { host: "host.example", port: 7 },
  ]);
  assert.deepEqual(magnet.selectOnly, [
    [0, 2],
    [4, 9],
  ]);
});

test("hints that can't be used are passed over", () => {
  for (const hint of [
    "xl=-5",
    "xl=1e9",
    "xl=99999999999999999999",
    "x.pe=:5",
    "dn=",
    "dn=%E2%80%AE",
    "tr=",
    "tr=javascript:x",
  ]) {
    const magnet = parseMagnet(`magnet:?${XT1}&${hint}`);
    assert.deepEqual(
      [magnet.name, magnet.exactLength, magnet.peers, magnet.trackers, magnet.selectOnly],
      [null, null, [], [], null],
      hint,
    );
  }
  assert.equal(parseMagnet(`magnet:?${XT1}&dn=a%1B%5B31m%C2%9B%E2%80%AEb`).name, "a[31mb");
});

test("a broken link is refused with one plain clause", () => {
  const other = V1.replace("0", "f");
  const broken = [
    "",
    "http://x",
    "magnet:",
    "magnet:?",
    "magnet:?dn=x",
    "magnet:?xt=urn:btih:",
    `magnet:?xt=urn:btih:${V1}0`,
    `magnet:?xt=urn:btih:${V1.slice(1)}`,
    `magnet:?xt=urn:btih:${"g".repeat(40)}`,
    `magnet:?xt=urn:btih:${"1".repeat(32)}`,
    `magnet:?xt=urn:btmh:${V2}`,
    `magnet:?xt=urn:btmh:1220${V2}0`,
    `magnet:?xt=urn:btmh:1114${V1}`,
    `magnet:?${XT1}&xt=urn:btih:${other}`,
    `magnet:?${XT1}&so=x`,
    `magnet:?${XT1}&so=5-3`,
    `magnet:?${XT1}&so=`,
    `magnet:?${XT1}&so=-1`,
    `magnet:?${XT1}&so=99999999999`,
    `magnet:?${XT1}&dn=${"x".repeat(300_000)}`,
  ];
  for (const link of broken) {
    assert.throws(
      () => parseMagnet(link),
      (error) =>
        error instanceof ProtocolError && error.code === "ERR_MAGNET" && /^[a-z][^.\n]*$/.test(error.message),
      link.slice(0, 80),
    );
  }
});

const text = fc.string({ unit: "binary", maxLength: 20 });
const byteString = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true });
const range = fc.tuple(fc.nat(50), fc.nat(3));

test("what is formatted is parsed", () => {
  const infoHashes = fc.oneof(
    record({ v1: byteString(20), v2: fc.constant(null) }),
    record({ v1: fc.constant(null), v2: byteString(32) }),
    record({ v1: byteString(20), v2: byteString(32) }),
  );
  const magnet = record({
    infoHashes,
    name: fc.oneof(
      fc.constant(null),
      fc.string({ minLength: 1, maxLength: 20 }).map((name) => `n${name}`),
    ),
    trackers: fc.uniqueArray(fc.webUrl({ withQueryParameters: true, withFragments: true }), { maxLength: 3 }),
    webSeeds: fc.uniqueArray(fc.webUrl(), { maxLength: 2 }),
    peers: fc.uniqueArray(
      record({
        host: fc.constantFrom("1.2.3.4", "::1", "2001:db8::5", "host.example"),
        port: fc.integer({ min: 1, max: 65535 }),
      }),
      { maxLength: 3, selector: ({ host, port }) => `${host} ${port}` },
    ),
    exactLength: fc.oneof(fc.constant(null), fc.nat()),
    selectOnly: fc.oneof(
      fc.constant(null),
      fc.array(range, { minLength: 1, maxLength: 4 }).map((list) => {
        // Apart and ascending, as they come out.
        let at = 0;
        return list.map(([gap, length]): [number, number] => {
          const from = at + gap;
          at = from + length + 2;
          return [from, from + length];
        });
      }),
    ),
  });
  fc.assert(
    fc.property(magnet, (value) => {
      const link = formatMagnet(value);
      assert.match(link, /^magnet:\?xt=urn:bt[im]h:[0-9a-f]+(&[\x21-\x7e]+)*$/);
      assert.doesNotMatch(link, /['"`\\$ !]/);
      assert.deepEqual(parseMagnet(link), value);
    }),
  );
});

test("no text makes the parser throw anything but a ProtocolError", () => {
  const key = fc.constantFrom("xt", "dn", "tr", "so", "x.pe", "xl", "ws", "xt.9", "%", "");
  const value = fc.oneof(
    text,
    fc.constantFrom("urn:btih:", `urn:btih:${V1}`, `urn:btmh:1220${V2}`, "%", "%f", "%ff", "1-2", "-", ","),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 6 }), (parts) => {
      try {
        const magnet = parseMagnet(`magnet:?${parts.map(([k, v]) => `${k}=${v}`).join("&")}`);
        assert.doesNotThrow(() => formatMagnet(magnet));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test("a name with a lone surrogate is still a link", () => {
  const magnet = parseMagnet(`magnet:?${XT1}`);
  assert.match(formatMagnet({ ...magnet, name: "\ud800" }), /&dn=%EF%BF%BD$/);
});

test("bare info-hashes", () => {
  const found = (digits: string): unknown => {
    const both = parseInfoHash(digits);
    return both && [both.v1 && toHex(both.v1), both.v2 && toHex(both.v2)];
  };
  assert.deepEqual(found(` ${V1.toUpperCase()} `), [V1, null]);
  assert.deepEqual(found(bytesToBase32(Buffer.from(V1, "hex"))), [V1, null]);
  assert.deepEqual(found(V2), [null, V2]);
  assert.deepEqual(found(`1220${V2}`), [null, V2]);
  for (const digits of ["", "x", V1.slice(1), `1114${V2}`, `${V2.slice(1)}g`])
    assert.equal(found(digits), null);
});

test("the names of a torrent", () => {
  const { infoHashes } = parseMagnet(`magnet:?${XT1}&${XT2}`);
  assert.deepEqual(shortHashes(infoHashes).map(toHex), [V1, V2.slice(0, 40)]);
  assert.equal(toHex(truncate(infoHashes.v2!)), V2.slice(0, 40));
  assert.equal(primaryKey(infoHashes), V1);
  assert.equal(primaryKey({ v1: null, v2: infoHashes.v2 }), V2.slice(0, 40));
  assert.throws(() => primaryKey({ v1: null, v2: null }), TypeError);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "../../../dist/base/crc32c.js";
import { fromHex, utf8 } from "../../../dist/base/bytes.js";
import { isSecureId, secureId } from "../../../dist/core/dht/secure-id.js";

/** BEP 42, "test vectors". */
const VECTORS: readonly [string, number, string][] = [
  ["124.31.75.21", 1, "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"],
  ["21.75.31.124", 86, "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"],
  ["65.23.51.170", 22, "a5d43220bc8f112a3d426c84764f8c2a1150e616"],
  ["84.124.73.14", 65, "1b0321dd1bb1fe518101ceef99462b947a01ff41"],
  ["43.213.53.83", 90, "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"],
];

test("crc32c gives the check value of the polynomial", () => {
  assert.equal(crc32c(utf8("123456789")), 0xe3069283);
});

test("isSecureId accepts the five ids of BEP 42, and none of them at another address", () => {
  for (const [host, , hex] of VECTORS) {
    assert.equal(isSecureId(host, fromHex(hex)), true, host);
    for (const [other] of VECTORS) assert.equal(isSecureId(other, fromHex(hex)), other === host);
  }
});

test("secureId makes the same 21 bits as the vectors, and keeps the rest of the bytes", () => {
  for (const [host, random, hex] of VECTORS) {
    const given = fromHex(`ffffff${hex.slice(6)}`);
    given[2] = given[2]! & 0xf8;
    given[2] |= fromHex(hex)[2]! & 0x07;
    assert.equal(given[19], random);
    assert.deepEqual(secureId(host, given), fromHex(hex));
  }
});

test("isSecureId looks at the high 64 bits of an IPv6 address, and at no more", () => {
  const id = secureId("2001:db8:1:2::1", new Uint8Array(20).fill(9));
  assert.equal(isSecureId("2001:db8:1:2:ffff::77", id), true);
  assert.equal(isSecureId("2001:db8:1:3::1", id), false);
});

test("isSecureId asks nothing of nodes in local networks", () => {
  for (const host of ["10.1.2.3", "127.0.0.1", "192.168.1.1", "169.254.3.4", "::1", "fd00::1"]) {
    assert.equal(isSecureId(host, new Uint8Array(20)), true, host);
  }
  assert.equal(isSecureId("nowhere", new Uint8Array(20)), false);
});

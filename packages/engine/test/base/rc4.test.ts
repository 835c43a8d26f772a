import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "../../dist/base/bytes.js";
import { Rc4 } from "../../dist/base/rc4.js";

/** Key streams at offsets 0, 240 and 4096, of RFC 6229 section 2. */
const VECTORS = [
  [
    "0102030405",
    "b2396305f03dc027ccc3524a0a1118a8",
    "28cb1132c96ce286421dcaadb8b69eae",
    "ff25b58995996707e51fbdf08b34d875",
  ],
  [
    "0102030405060708090a0b0c0d0e0f10",
    "9ac7cc9a609d1ef7b2932899cde41b97",
    "065902e4b620f6cc36c8589f66432f2b",
    "a36a4c301ae8ac13610ccbc12256cacc",
  ],
] as const;

test("the key stream is that of RFC 6229", () => {
  for (const [key, at0, at240, at4096] of VECTORS) {
    const stream = new Uint8Array(4_112);
    new Rc4(fromHex(key)).apply(stream, 0, stream.length);
    assert.equal(toHex(stream.subarray(0, 16)), at0);
    assert.equal(toHex(stream.subarray(240, 256)), at240);
    assert.equal(toHex(stream.subarray(4_096)), at4096);
  }
});

test("a stream in parts is the same as in one, and touches nothing else", () => {
  const key = fromHex("0102030405");
  const whole = new Uint8Array(1_000);
  new Rc4(key).apply(whole, 0, 1_000);
  const parts = new Uint8Array(1_000);
  const rc4 = new Rc4(key);
  rc4.skip(100);
  rc4.apply(parts, 100, 101);
  rc4.apply(parts, 101, 101);
  rc4.apply(parts, 101, 900);
  assert.deepEqual(parts.subarray(100, 900), whole.subarray(100, 900));
  assert.ok(parts.subarray(0, 100).every((byte) => byte === 0));
  assert.ok(parts.subarray(900).every((byte) => byte === 0));
});

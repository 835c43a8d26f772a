import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as bytes from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";

const data = fc.uint8Array({ maxLength: 70 });

test("hex and base32 round trip in either case", () => {
  fc.assert(
    fc.property(data, (value) => {
      const hex = bytes.toHex(value);
      assert.equal(hex, Buffer.from(value).toString("hex"));
      assert.deepEqual(bytes.fromHex(hex.toUpperCase()), value);
      const base32 = bytes.bytesToBase32(value);
      assert.match(base32, /^[A-Z2-7]*$/);
      assert.deepEqual(bytes.base32ToBytes(base32.toLowerCase()), value);
    }),
  );
});

test("base32 of RFC 4648", () => {
  assert.equal(bytes.bytesToBase32(bytes.utf8("foobar")), "MZXW6YTBOI");
  assert.equal(bytes.utf8Text(bytes.base32ToBytes("MZXW6YQ=")), "foob");
});

test("what is not hex or base32 is refused", () => {
  for (const text of ["0", "0g", "é0", " 0"]) assert.throws(() => bytes.fromHex(text), ProtocolError);
  for (const text of ["A", "AAA", "1A", "AB", "A A", "MZXW6YTB0I"]) {
    assert.throws(() => bytes.base32ToBytes(text), ProtocolError, text);
  }
});

test("compareBytes orders as Buffer.compare, equalBytes agrees", () => {
  fc.assert(
    fc.property(data, data, (a, b) => {
      assert.equal(Math.sign(bytes.compareBytes(a, b)), Buffer.compare(a, b));
      assert.equal(bytes.equalBytes(a, b), Buffer.compare(a, b) === 0);
      assert.ok(bytes.equalBytes(a, a.slice()));
    }),
  );
});

test("integers are big-endian at any offset", () => {
  fc.assert(
    fc.property(fc.nat(5), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (offset, value) => {
      const target = new Uint8Array(offset + 9).fill(0xaa);
      const view = new DataView(target.buffer);
      bytes.writeU64(target, offset, value);
      assert.equal(view.getBigUint64(offset), value);
      assert.equal(bytes.readU64(target, offset), value);
      assert.equal(bytes.readU32(target, offset), view.getUint32(offset));
      assert.equal(bytes.readU16(target, offset), view.getUint16(offset));
      bytes.writeU32(target, offset, view.getUint32(offset + 4));
      bytes.writeU16(target, offset + 4, view.getUint16(offset + 6));
      assert.equal(view.getUint32(offset), Number(value & 0xffffffffn));
      assert.equal(view.getUint16(offset + 4), Number(value & 0xffffn));
      assert.equal(target[offset + 8], 0xaa);
    }),
  );
});

test("UTF-8: lossy, strict, and a byte order mark stays", () => {
  const broken = Uint8Array.of(0x61, 0xff, 0x62);
  assert.equal(bytes.utf8Text(broken), "a\ufffdb");
  assert.equal(bytes.utf8TextStrict(broken), null);
  assert.equal(bytes.utf8TextStrict(bytes.utf8("\ufeffü")), "\ufeffü");
  assert.deepEqual(bytes.concatBytes(bytes.utf8("a"), new Uint8Array(), bytes.utf8("bc")), bytes.utf8("abc"));
});

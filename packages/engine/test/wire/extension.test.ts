import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../dist/base/errors.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodeUploadOnly,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeMetadataData,
  encodeMetadataReject,
  encodeMetadataRequest,
  encodeUploadOnly,
  MAX_METADATA_BYTES,
} from "../../dist/wire/extension.js";

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, "latin1"));
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

test("extension handshake of BEP 10", () => {
  const own = {
    extensions: new Map([
      ["ut_metadata", 3],
      ["lt_donthave", 7],
    ]),
    clientName: "Shoal 0.1",
    port: 41873,
    reqq: 2000,
    metadataSize: 31235,
    uploadOnly: true,
    yourIp: Uint8Array.of(1, 2, 3, 4),
  };
  const payload = encodeExtensionHandshake(own);
  assert.equal(
    latin1(payload),
    "d1:md11:lt_donthavei7e11:ut_metadatai3ee13:metadata_sizei31235e1:pi41873e4:reqqi2000e11:upload_onlyi1e1:v9:Shoal 0.16:yourip4:\x01\x02\x03\x04e",
  );
  assert.deepEqual(decodeExtensionHandshake(payload), {
    ...own,
    yourIp: "1.2.3.4",
    ipv4: null,
    ipv6: null,
  });
});

test("what we don't know of ourselves is left out", () => {
  const own = {
    extensions: new Map(),
    clientName: null,
    port: 0,
    reqq: null,
    metadataSize: null,
    uploadOnly: false,
  };
  assert.equal(latin1(encodeExtensionHandshake(own)), "d1:mdee");
});

test("values out of bounds or of the wrong kind are passed over", () => {
  const nothing = {
    extensions: new Map(),
    clientName: null,
    port: null,
    reqq: null,
    metadataSize: null,
    uploadOnly: null,
    yourIp: null,
    ipv4: null,
    ipv6: null,
  };
  for (const root of [
    {},
    { m: "x", p: "abc", reqq: 0, v: 5 },
    { p: 65_536, reqq: -1, yourip: "abcde", ipv4: new Uint8Array(16), ipv6: new Uint8Array(4) },
    { p: 0, metadata_size: MAX_METADATA_BYTES + 1, upload_only: "1" },
    { metadata_size: (1n << 63n) - 1n },
    { m: { text: "abc", large: 256, negative: -1, list: [1], ["x".repeat(65)]: 1 } },
  ]) {
    assert.deepEqual(
      decodeExtensionHandshake(encodeBencode(root)),
      nothing,
      JSON.stringify(Object.keys(root)),
    );
  }
});

test("order, repetition and trailing bytes do not matter; zero takes an extension back", () => {
  const handshake = decodeExtensionHandshake(text("d1:v1:x1:md11:ut_metadatai0e6:ut_pexi2ee1:v1:yegarbage"));
  assert.deepEqual(
    [...handshake.extensions],
    [
      ["ut_metadata", 0],
      ["ut_pex", 2],
    ],
  );
  assert.equal(decodeExtensionHandshake(text("d11:upload_onlyi0ee")).uploadOnly, false);
  assert.equal(decodeExtensionHandshake(text(`d1:v300:${"x".repeat(300)}e`)).clientName?.length, 128);
});

test("what is no dictionary, or too large, is refused", () => {
  const wide = `d1:md${Array.from({ length: 2000 }, (_, i) => `4:${String(i).padStart(4, "0")}i1e`).join("")}ee`;
  for (const payload of ["", "le", "i5e", "d", "d1:m", wide, `d1:v70000:${"x".repeat(70_000)}e`]) {
    assert.throws(() => decodeExtensionHandshake(text(payload)), ProtocolError, payload.slice(0, 30));
  }
});

test("metadata messages of BEP 9", () => {
  assert.equal(latin1(encodeMetadataRequest(0)), "d8:msg_typei0e5:piecei0ee");
  assert.equal(latin1(encodeMetadataReject(2)), "d8:msg_typei2e5:piecei2ee");
  assert.deepEqual(decodeMetadataMessage(encodeMetadataRequest(5)), { type: "request", piece: 5 });
  assert.deepEqual(decodeMetadataMessage(encodeMetadataReject(5)), { type: "reject", piece: 5 });
  const data = new Uint8Array(3425).fill(0x78);
  const message = encodeMetadataData(0, 3425, data);
  assert.ok(latin1(message).startsWith("d8:msg_typei1e5:piecei0e10:total_sizei3425eexxxx"));
  assert.deepEqual(decodeMetadataMessage(message), { type: "data", piece: 0, totalSize: 3425, data });
  const last = encodeMetadataData(1, 16_384 + 10, new Uint8Array(10));
  assert.deepEqual(decodeMetadataMessage(last), {
    type: "data",
    piece: 1,
    totalSize: 16_394,
    data: new Uint8Array(10),
  });
  assert.equal(decodeMetadataMessage(text("d8:msg_typei3e5:piecei0ee")), null);
});

test("metadata messages with impossible numbers are refused", () => {
  const size = (piece: number, total: number, bytes: number): Uint8Array =>
    encodeMetadataData(piece, total, new Uint8Array(bytes));
  for (const payload of [
    text(""),
    text("de"),
    text("d8:msg_typei0ee"),
    text("d8:msg_typei0e5:piecei-1ee"),
    text("d8:msg_typei0e5:piecei1920ee"),
    text("d8:msg_typei1e5:piecei0ee"),
    size(0, 100, 99),
    size(0, 100, 101),
    size(0, 20_000, 3616),
    size(1, 16_384, 0),
    size(2, 20_000, 10),
    size(0, MAX_METADATA_BYTES + 1, 16_384),
    size(0, 0, 0),
  ]) {
    assert.throws(() => decodeMetadataMessage(payload), ProtocolError, latin1(payload.subarray(0, 60)));
  }
});

test("donthave (BEP 54) and upload_only", () => {
  assert.equal(decodeDontHave(encodeDontHave(0xfffffff0)), 0xfffffff0);
  assert.throws(() => decodeDontHave(new Uint8Array(5)), ProtocolError);
  assert.equal(decodeUploadOnly(encodeUploadOnly(true)), true);
  assert.equal(decodeUploadOnly(encodeUploadOnly(false)), false);
  assert.throws(() => decodeUploadOnly(new Uint8Array(0)), ProtocolError);
});

test("arbitrary bytes throw nothing but ProtocolError", () => {
  const pieces = fc.constantFrom(
    "d",
    "e",
    "l",
    "i1e",
    "i-5e",
    "1:m",
    "1:v",
    "8:msg_type",
    "5:piece",
    "10:total_size",
    "x",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
      for (const decode of [
        decodeExtensionHandshake,
        decodeMetadataMessage,
        decodeDontHave,
        decodeUploadOnly,
      ]) {
        try {
          decode(text(parts.join("")));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }
    }),
    { numRuns: 500 },
  );
});

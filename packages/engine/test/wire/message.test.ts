import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../dist/base/errors.js";
import { hashRequestProblem, proofHashCount, sameHashRequest } from "../../dist/wire/hash-request.js";
import {
  hasReserved,
  MessageWriter,
  RESERVED_DHT,
  RESERVED_EXTENSION,
  RESERVED_FAST,
  RESERVED_V2,
  reservedBytes,
  writePieceHeader,
} from "../../dist/wire/message.js";
import { hex } from "./recorder.ts";

const ROOT = new Uint8Array(32).fill(0x11);

test("messages have the bytes that the BEPs show", () => {
  const cases: [(w: MessageWriter) => void, string][] = [
    [(w) => w.keepAlive(), "00000000"],
    [(w) => w.choke(), "0000000100"],
    [(w) => w.unchoke(), "0000000101"],
    [(w) => w.interested(), "0000000102"],
    [(w) => w.notInterested(), "0000000103"],
    [(w) => w.have(0x01020304), "000000050401020304"],
    [(w) => w.bitfield(Uint8Array.of(0x80, 1)), "00000003058001"],
    [(w) => w.request(1, 0x4000, 0x4000), "0000000d06000000010000400000004000"],
    [(w) => w.pieceHeader(2, 0x8000, 0x4000), "00004009070000000200008000"],
    [(w) => w.cancel(1, 0x4000, 0x4000), "0000000d08000000010000400000004000"],
    [(w) => w.port(6881), "00000003091ae1"],
    [(w) => w.suggest(5), "000000050d00000005"],
    [(w) => w.haveAll(), "000000010e"],
    [(w) => w.haveNone(), "000000010f"],
    [(w) => w.reject(1, 0x4000, 0x4000), "0000000d10000000010000400000004000"],
    [(w) => w.allowedFast(0xffffffff), "0000000511ffffffff"],
    [(w) => w.extended(3, Uint8Array.of(0x64, 0x65)), "0000000414036465"],
  ];
  for (const [write, want] of cases) {
    const writer = new MessageWriter();
    write(writer);
    assert.equal(hex(writer.take()), want);
  }
});

test("handshake", () => {
  const writer = new MessageWriter();
  const reserved = reservedBytes([RESERVED_EXTENSION, RESERVED_FAST, RESERVED_DHT, RESERVED_V2]);
  writer.handshake(reserved, new Uint8Array(20).fill(1), new Uint8Array(20).fill(2));
  assert.equal(
    hex(writer.take()),
    `13${Buffer.from("BitTorrent protocol").toString("hex")}0000000000100015${"01".repeat(20)}${"02".repeat(20)}`,
  );
  assert.ok(hasReserved(reserved, RESERVED_V2));
  assert.ok(!hasReserved(reservedBytes([RESERVED_FAST]), RESERVED_V2));
  assert.throws(
    () => writer.handshake(reserved, new Uint8Array(32), new Uint8Array(20)),
    ProtocolError,
    "a v2 hash must be truncated first",
  );
});

test("hash messages of BEP 52", () => {
  const request = { piecesRoot: ROOT, baseLayer: 4, index: 512, length: 512, proofLayers: 10 };
  const payload = `${"11".repeat(32)}0000000400000200000002000000000a`;
  const writer = new MessageWriter();
  writer.hashRequest(request);
  assert.equal(hex(writer.take()), `0000003115${payload}`);
  writer.hashReject(request);
  assert.equal(hex(writer.take()), `0000003117${payload}`);
  writer.hashes(request, new Uint8Array(64).fill(0x22));
  assert.equal(hex(writer.take()), `0000007116${payload}${"22".repeat(64)}`);
});

test("many messages share the buffer, which grows", () => {
  const writer = new MessageWriter(68);
  for (let i = 0; i < 1000; i++) writer.request(i, 0, 16384);
  writer.bitfield(new Uint8Array(20_000).fill(7));
  writer.extended(1, new Uint8Array(100_000).fill(9));
  writer.keepAlive();
  assert.equal(writer.length, 1000 * 17 + 20_005 + 100_006 + 4);
  const bytes = writer.take();
  assert.equal(hex(bytes.subarray(17 * 999, 17 * 1000)), "0000000d06000003e70000000000004000");
  assert.equal(bytes[17_000 + 5 + 19_999], 7);
  assert.equal(bytes[17_000 + 20_005 + 100_005], 9);
  assert.equal(writer.length, 0);
  writer.choke();
  assert.equal(bytes[4], 6, "what was taken is a copy");
  writer.reset();
  assert.equal(writer.take().length, 0);
});

test("a piece header can be written between payloads", () => {
  const target = new Uint8Array(20).fill(0xff);
  writePieceHeader(target, 3, 1, 2, 5);
  assert.equal(hex(target), "ffffff0000000e070000000100000002ffffffff");
});

test("bounds of hash requests (BEP 52)", () => {
  const good = { piecesRoot: ROOT, baseLayer: 0, index: 0, length: 2, proofLayers: 0 };
  assert.equal(hashRequestProblem(good), null);
  assert.equal(hashRequestProblem({ ...good, length: 512, index: 1024, proofLayers: 30 }), null);
  for (const change of [
    { length: 0 },
    { length: 1 },
    { length: 3 },
    { length: 1024 },
    { length: 0x80000000 },
    { length: 4, index: 2 },
    { baseLayer: 48 },
    { baseLayer: 0xffffffff },
    { proofLayers: 49 },
    { proofLayers: 0xffffffff },
  ]) {
    assert.equal(typeof hashRequestProblem({ ...good, ...change }), "string", JSON.stringify(change));
  }
});

test("proof layers that follow from the base hashes are left out", () => {
  const base = { piecesRoot: ROOT, baseLayer: 0, index: 0 };
  assert.equal(proofHashCount({ ...base, length: 2, proofLayers: 3 }), 3);
  assert.equal(proofHashCount({ ...base, length: 4, proofLayers: 3 }), 2);
  assert.equal(proofHashCount({ ...base, length: 512, proofLayers: 10 }), 2);
  assert.equal(proofHashCount({ ...base, length: 512, proofLayers: 8 }), 0);
  assert.equal(proofHashCount({ ...base, length: 512, proofLayers: 0 }), 0);
});

test("answers are matched with their request", () => {
  const request = { piecesRoot: ROOT, baseLayer: 0, index: 4, length: 4, proofLayers: 2 };
  assert.ok(sameHashRequest(request, { ...request, piecesRoot: ROOT.slice() }));
  assert.ok(!sameHashRequest(request, { ...request, index: 8 }));
  assert.ok(!sameHashRequest(request, { ...request, piecesRoot: new Uint8Array(32) }));
});

test("what was taken belongs to the taker, also when it is large", () => {
  const writer = new MessageWriter(64);
  const bits = new Uint8Array(10_000).fill(0xaa);
  writer.bitfield(bits);
  const taken = writer.take();
  assert.equal(taken.length, bits.length + 5);
  for (let piece = 0; piece < 2_000; piece++) writer.have(piece);
  assert.deepEqual(taken.subarray(5), bits);
  assert.equal(writer.take().length, 2_000 * 9);
  writer.choke();
  assert.ok(writer.bytes.length < 1_000, "the large buffer is not kept");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../dist/base/errors.js";
import { CarryPool } from "../../dist/wire/carry-pool.js";
import { FrameReader } from "../../dist/wire/frame.js";
import { MessageWriter } from "../../dist/wire/message.js";
import { hex, plain, Recorder, type FrameEvent } from "./recorder.ts";

const RESERVED = Uint8Array.of(0, 0, 0, 0, 0, 0x10, 0, 0x05);
const INFO_HASH = new Uint8Array(20).fill(0xab);
const PEER_ID = Uint8Array.from({ length: 20 }, (_, i) => i + 65);

interface Sample {
  write(writer: MessageWriter): void;
  event: FrameEvent;
}

const u32 = fc.nat({ max: 0xffffffff });
const hashRequest = fc.record({
  piecesRoot: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  baseLayer: u32,
  index: u32,
  length: u32,
  proofLayers: u32,
});

/** Any valid message with the event that it must cause. */
const sample: fc.Arbitrary<Sample> = fc.oneof(
  fc.constant({ write: (w: MessageWriter) => w.keepAlive(), event: ["keepAlive"] }),
  fc.constantFrom("choke", "unchoke", "interested", "notInterested", "haveAll", "haveNone").map((name) => ({
    write: (w: MessageWriter) => w[name as "choke"](),
    event: [name],
  })),
  fc.tuple(fc.constantFrom("have", "suggest", "allowedFast"), u32).map(([name, value]) => ({
    write: (w: MessageWriter) => w[name as "have"](value),
    event: [name, value],
  })),
  fc
    .tuple(fc.constantFrom("request", "cancel", "reject"), u32, u32, fc.integer({ min: 1, max: 131072 }))
    .map(([name, piece, begin, length]) => ({
      write: (w: MessageWriter) => w[name as "request"](piece, begin, length),
      event: [name, piece, begin, length],
    })),
  fc.tuple(u32, u32, fc.uint8Array({ minLength: 1, maxLength: 200 })).map(([piece, begin, data]) => ({
    write: (w: MessageWriter) => writePiece(w, piece, begin, data),
    event: ["piece", piece, begin, hex(data)],
  })),
  fc.uint8Array({ maxLength: 100 }).map((bits) => ({
    write: (w: MessageWriter) => w.bitfield(bits),
    event: ["bitfield", hex(bits)],
  })),
  fc
    .nat({ max: 65535 })
    .map((port) => ({ write: (w: MessageWriter) => w.port(port), event: ["port", port] })),
  fc.tuple(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 150 })).map(([id, payload]) => ({
    write: (w: MessageWriter) => w.extended(id, payload),
    event: ["extended", id, hex(payload)],
  })),
  hashRequest.map((request) => ({
    write: (w: MessageWriter) => w.hashRequest(request),
    event: ["hashRequest", plain(request)],
  })),
  hashRequest.map((request) => ({
    write: (w: MessageWriter) => w.hashReject(request),
    event: ["hashReject", plain(request)],
  })),
  fc.tuple(hashRequest, fc.integer({ min: 1, max: 5 })).map(([request, count]) => {
    const hashes = new Uint8Array(32 * count).fill(count);
    return {
      write: (w: MessageWriter) => w.hashes(request, hashes),
      event: ["hashes", plain(request), hex(hashes)],
    };
  }),
  fc.nat({ max: 100 }).map((size) => ({
    write: (w: MessageWriter) => {
      // An unknown message has the shape of an extended one with another id.
      const at = w.length;
      w.extended(0, new Uint8Array(size));
      w.bytes[at + 4] = 99;
    },
    event: ["unknown", 99],
  })),
);

function writePiece(writer: MessageWriter, piece: number, begin: number, data: Uint8Array): void {
  // A bitfield of the same size makes the room; its head is then replaced.
  const at = writer.length;
  writer.bitfield(new Uint8Array(data.length + 8));
  const scratch = new MessageWriter();
  scratch.pieceHeader(piece, begin, data.length);
  writer.bytes.set(scratch.take(), at);
  writer.bytes.set(data, at + 13);
}

function stream(samples: readonly Sample[]): Uint8Array {
  const writer = new MessageWriter();
  writer.handshake(RESERVED, INFO_HASH, PEER_ID);
  for (const one of samples) one.write(writer);
  return writer.take();
}

function expected(samples: readonly Sample[]): FrameEvent[] {
  return [["handshake", hex(RESERVED), hex(INFO_HASH), hex(PEER_ID)], ...samples.map((one) => one.event)];
}

/** Feeds `bytes` cut at `cuts` through one scratch that is scribbled over after every push. */
function feed(bytes: Uint8Array, cuts: readonly number[], pool?: CarryPool): Recorder {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, pool);
  const scratch = new Uint8Array(bytes.length + 7);
  const bounds = [0, ...cuts.filter((cut) => cut <= bytes.length).toSorted((a, b) => a - b), bytes.length];
  for (let i = 1; i < bounds.length; i++) {
    const part = bytes.subarray(bounds[i - 1], bounds[i]);
    scratch.set(part, 7);
    reader.push(scratch, 7, 7 + part.length);
    scratch.fill(0xee);
  }
  return recorder;
}

function greeted(): { recorder: Recorder; reader: FrameReader } {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder);
  const bytes = stream([]);
  reader.push(bytes, 0, bytes.length);
  recorder.events.length = 0;
  return { recorder, reader };
}

function frame(id: number, payload: Uint8Array, length: number = payload.length + 1): Uint8Array {
  const bytes = new Uint8Array(5 + payload.length);
  bytes.set([length >>> 24, length >>> 16, length >>> 8, length, id]);
  bytes.set(payload, 5);
  return bytes;
}

const breaksProtocol = (error: unknown): boolean => error instanceof ProtocolError;

test("any cut of the stream gives the same messages", () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 12 }),
      fc.array(fc.nat({ max: 1500 }), { maxLength: 20 }),
      (samples, cuts) => {
        assert.deepEqual(feed(stream(samples), cuts).events, expected(samples));
      },
    ),
  );
});

test("every single cut, and byte by byte", () => {
  const samples = fc.sample(sample, { seed: 7, numRuns: 40 });
  const bytes = stream(samples);
  const want = expected(samples);
  for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(feed(bytes, [cut]).events, want);
  const all = Array.from(bytes, (_, i) => i);
  assert.deepEqual(feed(bytes, all).events, want);
});

test("full blocks that straddle reads borrow from the pool and give back", () => {
  const data = Uint8Array.from({ length: 16384 }, (_, i) => i * 31);
  const samples: Sample[] = Array.from({ length: 6 }, (_, i) => ({
    write: (w) => writePiece(w, i, 16384 * i, data),
    event: ["piece", i, 16384 * i, hex(data)],
  }));
  let made = 0;
  class Counting extends CarryPool {
    override take(): Uint8Array {
      made++;
      return super.take();
    }
  }
  const pool = new Counting(16397, 4);
  const bytes = stream(samples);
  for (const cuts of [[100], [5000, 20_000, 40_000, 40_001, 60_000], [68 + 16397 - 1], [68 + 16397 + 4]]) {
    assert.deepEqual(feed(bytes, cuts, pool).events, expected(samples));
  }
  assert.ok(made >= 6);
  const first = pool.take();
  pool.give(first);
  assert.equal(pool.take(), first, "a returned buffer is lent again");
});

test("a truncated stream waits, and hands out no partial message", () => {
  const samples = fc.sample(sample, { seed: 11, numRuns: 25 });
  const bytes = stream(samples);
  const want = expected(samples);
  for (let end = 0; end < bytes.length; end++) {
    const events = feed(bytes.subarray(0, end), [end >>> 1]).events;
    assert.deepEqual(events, want.slice(0, events.length));
    assert.ok(events.length < want.length);
  }
});

test("mutated and random input throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 8 }),
      fc.array(fc.tuple(fc.nat({ max: 2000 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat({ max: 1500 }), { maxLength: 5 }),
      (samples, mutations, cuts) => {
        const bytes = stream(samples);
        for (const [at, value] of mutations) bytes[68 + (at % Math.max(1, bytes.length - 68))] = value;
        try {
          feed(bytes, cuts);
        } catch (error) {
          if (!breaksProtocol(error)) throw error;
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("another protocol is refused with its first wrong byte", () => {
  const reader = new FrameReader(new Recorder());
  const http = new TextEncoder().encode("GET / HTTP/1.1\r\n");
  assert.throws(() => reader.push(http, 0, 1), breaksProtocol);

  const almost = stream([]);
  almost[19] = 0x4c;
  const second = new FrameReader(new Recorder());
  second.push(almost, 0, 19);
  assert.throws(() => second.push(almost, 19, 20), breaksProtocol);
});

test("lengths that a kind does not allow are refused before the payload arrives", () => {
  const bad: [id: number, length: number][] = [
    [0, 2],
    [1, 5],
    [4, 4],
    [4, 6],
    [5, 262_146],
    [6, 12],
    [6, 14],
    [7, 9],
    [7, 16_394],
    [8, 17],
    [9, 2],
    [13, 1],
    [14, 2],
    [16, 12],
    [17, 9],
    [20, 1],
    [20, 1_048_579],
    [21, 48],
    [22, 49],
    [22, 50],
    [22, 49 + 577 * 32],
    [23, 50],
    [99, 1_048_577],
    [0, 0xffffffff],
  ];
  for (const [id, length] of bad) {
    for (const cut of [0, 1, 4]) {
      const { reader } = greeted();
      const head = frame(id, new Uint8Array(0), length);
      assert.throws(
        () => {
          reader.push(head, 0, cut);
          reader.push(head, cut, 5);
        },
        breaksProtocol,
        `id ${id}, length ${length}, cut ${cut}`,
      );
      reader.push(head, 0, 5);
      assert.equal(reader.heldBytes, 0);
    }
  }
});

test("the longest allowed lengths pass", () => {
  const { recorder, reader } = greeted();
  for (const bytes of [
    frame(5, new Uint8Array(262_144)),
    frame(7, new Uint8Array(8 + 16_384)),
    frame(20, new Uint8Array(1 + 1_048_576)),
    frame(22, new Uint8Array(48 + 576 * 32)),
    frame(99, new Uint8Array(1_048_575)),
  ]) {
    reader.push(bytes, 0, 100);
    reader.push(bytes, 100, bytes.length);
  }
  assert.deepEqual(
    recorder.events.map((event) => event[0]),
    ["bitfield", "piece", "extended", "hashes", "unknown"],
  );
});

test("the bitfield bound can be lowered to the torrent's size", () => {
  const { reader } = greeted();
  reader.maxBitfieldBytes = 3;
  const right = frame(5, Uint8Array.of(1, 2, 3));
  reader.push(right, 0, right.length);
  const long = frame(5, Uint8Array.of(1, 2, 3, 4));
  assert.throws(() => reader.push(long, 0, long.length), breaksProtocol);
});

test("requests of no bytes or too many are refused", () => {
  for (const length of [0, 131_073, 0xffffffff]) {
    const { reader } = greeted();
    const writer = new MessageWriter();
    writer.request(1, 2, length);
    assert.throws(() => reader.push(writer.bytes, 0, writer.length), breaksProtocol);
  }
});

test("memory follows the bytes that arrive, not the length that is promised", () => {
  const { reader } = greeted();
  const head = frame(20, new Uint8Array(95), 1_000_000);
  reader.push(head, 0, head.length);
  assert.ok(reader.heldBytes < 70_000, `${reader.heldBytes} bytes held`);
  reader.release();
  assert.equal(reader.heldBytes, 0);
});

test("the handler may stop the reader, and its errors end it", () => {
  const bytes = stream([
    { write: (w) => w.have(1), event: [] },
    { write: (w) => w.have(2), event: [] },
    { write: (w) => w.have(3), event: [] },
  ]);
  for (const cut of [bytes.length, 80, 90]) {
    class Stopping extends Recorder {
      override onHave(piece: number): void {
        super.onHave(piece);
        if (piece === 2) reader.release();
      }
    }
    const stopping = new Stopping();
    const reader = new FrameReader(stopping);
    reader.push(bytes, 0, cut);
    reader.push(bytes, cut, bytes.length);
    assert.deepEqual(stopping.events.slice(1), [
      ["have", 1],
      ["have", 2],
    ]);
  }

  class Throwing extends Recorder {
    override onHave(): void {
      throw new RangeError("mine");
    }
  }
  const throwing = new Throwing();
  const second = new FrameReader(throwing);
  assert.throws(() => second.push(bytes, 0, bytes.length), RangeError);
  second.push(bytes, 0, bytes.length);
  assert.equal(throwing.events.length, 1);
});

test("what comes while the handshake is not answered yet is kept, up to a limit, and handled afterwards", () => {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder);
  recorder.onHandshake = () => reader.hold();
  const writer = new MessageWriter();
  writer.handshake(RESERVED, INFO_HASH, PEER_ID);
  writer.have(7);
  writer.interested();
  const bytes = writer.take();
  reader.push(bytes, 0, 70);
  reader.push(bytes, 70, bytes.length);
  assert.deepEqual(recorder.events, []);
  bytes.fill(0xdb);
  reader.proceed();
  reader.push(new Uint8Array(0), 0, 0);
  assert.deepEqual(recorder.events, [["have", 7], ["interested"]]);

  const flooded = new FrameReader(recorder);
  recorder.onHandshake = () => flooded.hold();
  writer.handshake(RESERVED, INFO_HASH, PEER_ID);
  flooded.push(writer.take(), 0, 68);
  assert.throws(() => {
    for (let i = 0; i < 100; i++) flooded.push(new Uint8Array(1_024), 0, 1_024);
  }, ProtocolError);
});

import type { EngineParts } from "./engine-parts.ts";
import type { Subject } from "./measure.ts";

const BLOCK = 16_384;
const HEADER = 13;
const BLOCKS = 64;
const READ_BYTES = 65_536;
const REQUESTS = 4_000;

/** What a connection's framing is told; the cheapest receiver there can be. */
class Counter {
  blocks = 0;
  requests = 0;
  haves = 0;
  readonly #arena: Uint8Array | null;

  constructor(arena: Uint8Array | null) {
    this.#arena = arena;
  }

  onHandshake(): void {}
  onRequest(_piece: number, _begin: number, _length: number): void {
    this.requests++;
  }
  onHave(_piece: number): void {
    this.haves++;
  }
  onPiece(_piece: number, _begin: number, data: Uint8Array, offset: number, length: number): void {
    this.blocks++;
    this.#arena?.set(data.subarray(offset, offset + length), (this.blocks & 63) * BLOCK);
  }
}

export function framingSubjects(parts: EngineParts): Subject[] {
  const arena = new Uint8Array(new SharedArrayBuffer(64 * BLOCK));
  const pieces = pieceStream(parts);
  const requests = writer(parts, (to) => {
    for (let i = 0; i < REQUESTS; i++) to.request(i >>> 6, (i & 63) * BLOCK, BLOCK);
  });
  const haves = writer(parts, (to) => {
    for (let i = 0; i < REQUESTS; i++) to.have(i);
  });
  return [
    {
      name: "framing: a block of 16 KiB, read 64 KiB at a time",
      operations: BLOCKS,
      bytes: BLOCK,
      target: "about 0.5 us",
      run: pushed(parts, new Counter(null), pieces),
    },
    {
      name: "framing: the same with the copy into the arena",
      operations: BLOCKS,
      bytes: BLOCK,
      target: "about 1 us",
      run: pushed(parts, new Counter(arena), pieces),
    },
    { name: "framing: a request", operations: REQUESTS, run: pushed(parts, new Counter(null), requests) },
    { name: "framing: a HAVE", operations: REQUESTS, run: pushed(parts, new Counter(null), haves) },
  ];
}

/** Pushes a stream as a socket would: in reads of a fixed size into one scratch. */
function pushed(parts: EngineParts, handler: Counter, stream: Uint8Array): () => void {
  const reader = new parts.FrameReader(handler);
  const hello = new parts.MessageWriter(128);
  hello.handshake(new Uint8Array(8), new Uint8Array(20), new Uint8Array(20));
  reader.push(hello.bytes, 0, hello.length);
  return () => {
    for (let at = 0; at < stream.length; at += READ_BYTES) {
      reader.push(stream, at, Math.min(stream.length, at + READ_BYTES));
    }
  };
}

function pieceStream(parts: EngineParts): Uint8Array {
  const stream = new Uint8Array(BLOCKS * (HEADER + BLOCK)).fill(0x5a);
  for (let i = 0; i < BLOCKS; i++) parts.writePieceHeader(stream, i * (HEADER + BLOCK), 0, i * BLOCK, BLOCK);
  return stream;
}

function writer(
  parts: EngineParts,
  fill: (to: InstanceType<EngineParts["MessageWriter"]>) => void,
): Uint8Array {
  const to = new parts.MessageWriter(4_096);
  fill(to);
  return to.bytes.slice(0, to.length);
}

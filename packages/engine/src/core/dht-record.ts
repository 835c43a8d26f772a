import { ProtocolError } from "../base/errors.ts";
import { RecordReader, RecordWriter } from "./record-bytes.ts";

const VERSION = 1;
/** A node's state is far smaller. */
const MAX_STATE_BYTES = 262_144;

/** What is kept of our nodes in the DHT from one run to the next. */
export interface DhtRecord {
  /** What `DhtNode.state` gave, or nothing. */
  readonly v4: Uint8Array | null;
  readonly v6: Uint8Array | null;
  /** Until then (milliseconds since 1970) the ids are those of a process that runs: two nodes must not have one id. 0 when it ended. */
  readonly heldUntil: number;
  /** Random number of that process. */
  readonly holder: number;
}

export function encodeDhtRecord({ v4, v6, heldUntil, holder }: DhtRecord): Uint8Array {
  const writer = new RecordWriter(VERSION);
  writer.f64(Math.floor(heldUntil));
  writer.u32(holder);
  writer.bytes(v4 ?? new Uint8Array());
  writer.bytes(v6 ?? new Uint8Array());
  return writer.take();
}

/** The inverse. Throws ProtocolError for anything else. */
export function decodeDhtRecord(bytes: Uint8Array): DhtRecord {
  const reader = new RecordReader(bytes);
  if (reader.u8() !== VERSION) throw new ProtocolError("the record of the DHT is of another version");
  const heldUntil = reader.count();
  const holder = reader.u32();
  const v4 = readState(reader);
  const v6 = readState(reader);
  if (!reader.atEnd) throw new ProtocolError("the record of the DHT goes on after its end");
  return { v4, v6, heldUntil, holder };
}

function readState(reader: RecordReader): Uint8Array | null {
  const state = reader.bytes();
  if (state.length > MAX_STATE_BYTES) throw new ProtocolError("the record of the DHT is too large");
  return state.length === 0 ? null : state;
}

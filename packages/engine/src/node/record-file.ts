import { copyBytes } from "../base/bytes.ts";
import { crc32 } from "node:zlib";

/** What every record file begins with. */
export const FILE_HEADER: Uint8Array = new TextEncoder().encode("shoal journal 1\n");
/** Bytes before each record: length and CRC-32, big-endian. */
const RECORD_HEADER = 8;
/** Longer records are taken for damage. */
const MAX_RECORD = 256 * 1024 * 1024;

/** The records as they stand in a file, each with its length and checksum. Records are not empty. */
export function frameRecords(records: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const record of records) length += RECORD_HEADER + record.length;
  const framed = new Uint8Array(length);
  const view = new DataView(framed.buffer);
  let at = 0;
  for (const record of records) {
    if (record.length === 0 || record.length > MAX_RECORD)
      throw new RangeError(`a record of ${record.length} bytes`);
    view.setUint32(at, record.length);
    view.setUint32(at + 4, crc32(record));
    framed.set(record, at + RECORD_HEADER);
    at += RECORD_HEADER + record.length;
  }
  return framed;
}

/** Whole records from the start of a file, and where the last of them ends; 0 when not even the file's header is right. */
export function parseRecords(bytes: Uint8Array): { records: Uint8Array[]; end: number } {
  const records: Uint8Array[] = [];
  if (bytes.length < FILE_HEADER.length || !FILE_HEADER.every((byte, at) => bytes[at] === byte)) {
    return { records, end: 0 };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = FILE_HEADER.length;
  while (at + RECORD_HEADER <= bytes.length) {
    const length = view.getUint32(at);
    const next = at + RECORD_HEADER + length;
    // An empty record has the checksum 0: a tail of zeros, as file systems leave it behind, would be full of them.
    if (length === 0 || length > MAX_RECORD || next > bytes.length) break;
    const record = copyBytes(bytes.subarray(at + RECORD_HEADER, next));
    if (crc32(record) !== view.getUint32(at + 4)) break;
    records.push(record);
    at = next;
  }
  return { records, end: at };
}

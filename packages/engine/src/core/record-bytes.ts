import { copyBytes, readU32, utf8TextStrict, writeU32 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

/** Writes the fields of a record: numbers are big-endian, bytes have their length before them. */
export class RecordWriter {
  #bytes: Uint8Array = new Uint8Array(64);
  #length: number = 0;

  constructor(type: number) {
    this.u8(type);
  }

  u8(value: number): void {
    this.#room(1)[this.#length++] = value;
  }

  u32(value: number): void {
    writeU32(this.#room(4), this.#length, value);
    this.#length += 4;
  }

  f64(value: number): void {
    const bytes = this.#room(8);
    new DataView(bytes.buffer).setFloat64(this.#length, value);
    this.#length += 8;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.#room(value.length).set(value, this.#length);
    this.#length += value.length;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(length: number): Uint8Array {
    if (this.#length + length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** Reads what RecordWriter wrote. Throws ProtocolError for values out of range and past the end. */
export class RecordReader {
  readonly #bytes: Uint8Array;
  #at: number = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw new ProtocolError("a flag in resume data is neither 0 nor 1");
    return value === 1;
  }

  u32(): number {
    return readU32(this.#bytes, this.#take(4));
  }

  f64(): number {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
    return view.getFloat64(this.#take(8));
  }

  /** A number of bytes or milliseconds. */
  count(): number {
    const value = this.f64();
    if (!Number.isSafeInteger(value) || value < 0)
      throw new ProtocolError("a count in resume data is out of range");
    return value;
  }

  bytes(): Uint8Array {
    const length = this.u32();
    const from = this.#take(length);
    return copyBytes(this.#bytes.subarray(from, from + length));
  }

  text(): string {
    const text = utf8TextStrict(this.bytes());
    if (text === null) throw new ProtocolError("a text in resume data is not UTF-8");
    return text;
  }

  /** Steps over `length` bytes; returns where they begin. */
  #take(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw new ProtocolError("a resume record is too short");
    this.#at += length;
    return from;
  }
}

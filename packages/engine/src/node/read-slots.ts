import { Buffer } from "node:buffer";

/** Two readers' worth; a run that finds none free is read file by file. */
const SLOTS = 8;

/** Where the bytes of a run go: after every `blockLength` bytes a gap is left for a message header. */
export interface ReadTarget {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly blockLength: number;
  readonly gap: number;
}

/**
 * Shared memory through which workers hand over what they read. Only runs over many small files come this way: opening, reading
 * and closing each of them in libuv's pool costs three times as much as the calls themselves, and far more than the copy.
 */
export class ReadSlots {
  readonly memory: Uint8Array;
  readonly #slotBytes: number;
  readonly #free: number[] = [];

  constructor(slotBytes: number) {
    this.#slotBytes = slotBytes;
    this.memory = new Uint8Array(new SharedArrayBuffer(SLOTS * slotBytes));
    for (let slot = 0; slot < SLOTS; slot++) this.#free.push(slot * slotBytes);
  }

  /** Offset of a slot in the memory; -1 when none is free, or the run is longer than one. */
  take(length: number): number {
    return length > this.#slotBytes ? -1 : (this.#free.pop() ?? -1);
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  /** Copies a run from a slot to where it is wanted. `fill` is a plain memcpy, `set` from shared memory is not. */
  copyOut(slot: number, target: ReadTarget, length: number): void {
    for (let at = 0; at < length; at += target.blockLength) {
      const part = Math.min(target.blockLength, length - at);
      const view = viewsOf(target, at, part)[0]!;
      const from = this.memory.subarray(slot + at, slot + at + part);
      Buffer.from(view.buffer, view.byteOffset, part).fill(from);
    }
  }
}

/** The parts of the target that bytes [at, at + length) of the run go to. */
export function viewsOf(target: ReadTarget, at: number, length: number): Uint8Array[] {
  const { bytes, offset, blockLength, gap } = target;
  const views: Uint8Array[] = [];
  const end = at + length;
  for (let from = at; from < end;) {
    const index = Math.floor(from / blockLength);
    const to = Math.min(end, (index + 1) * blockLength);
    const start = offset + from + index * gap;
    views.push(bytes.subarray(start, start + to - from));
    from = to;
  }
  return views;
}

/** Buffers of one size that connections borrow while a message straddles two reads. */
export class CarryPool {
  /** Size of each buffer. */
  readonly bytes: number;
  readonly #kept: Uint8Array[];
  readonly #limit: number;

  /** At most `limit` returned buffers are kept for the next borrower; the rest go to the garbage collector. */
  constructor(bytes: number, limit: number) {
    this.bytes = bytes;
    this.#limit = limit;
    this.#kept = [];
  }

  /** A buffer with arbitrary contents. */
  take(): Uint8Array {
    return this.#kept.pop() ?? new Uint8Array(this.bytes);
  }

  /** Takes a buffer back; ignores those of another size. The caller must not use it any more. */
  give(buffer: Uint8Array): void {
    if (buffer.length === this.bytes && this.#kept.length < this.#limit) this.#kept.push(buffer);
  }
}

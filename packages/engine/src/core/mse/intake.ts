import { ProtocolError } from "../../base/errors.ts";
import type { Rc4 } from "../../base/rc4.ts";

/** Gathers what is received of a handshake, up to the longest that it can be. */
export class MseIntake {
  readonly #bytes: Uint8Array;
  #filled = 0;
  #at = 0;

  /** `most` bytes are all that a handshake can take. */
  constructor(most: number) {
    this.#bytes = new Uint8Array(most);
  }

  /** Bytes received and not taken. */
  get left(): number {
    return this.#filled - this.#at;
  }

  /** Adds what fits of `bytes[start..end)`; what does not is no part of the handshake. Returns how much that was. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#bytes.length - this.#filled);
    this.#bytes.set(bytes.subarray(start, start + count), this.#filled);
    this.#filled += count;
    return count;
  }

  /** The next `count` bytes, a view; null until they are there. */
  take(count: number): Uint8Array | null {
    if (this.left < count) return null;
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** The same, decrypted. */
  takeDecrypted(count: number, stream: Rc4): Uint8Array | null {
    const bytes = this.take(count);
    if (bytes !== null) stream.apply(bytes, 0, count);
    return bytes;
  }

  /**
   * Goes to what follows `mark`, which begins after at most `most` bytes. False until it is there. Throws ProtocolError when it can't come
   * any more.
   */
  skipPast(mark: Uint8Array, most: number): boolean {
    const last = Math.min(most, this.left - mark.length);
    for (let skipped = 0; skipped <= last; skipped++) {
      if (!this.#isAt(mark, this.#at + skipped)) continue;
      this.#at += skipped + mark.length;
      return true;
    }
    this.refuseAt(this.#at + most + mark.length);
    return false;
  }

  /** Throws ProtocolError once `count` bytes have been received, taken ones included. */
  refuseAt(count: number): void {
    if (this.#filled >= count)
      throw new ProtocolError("the other side does not speak the obfuscated handshake");
  }

  #isAt(mark: Uint8Array, at: number): boolean {
    for (let i = 0; i < mark.length; i++) if (this.#bytes[at + i] !== mark[i]) return false;
    return true;
  }
}

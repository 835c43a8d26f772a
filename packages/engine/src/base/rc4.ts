const STATES = 256;

/** The RC4 key stream, which OpenSSL no longer has. It hides what bytes are from who looks for patterns, and nothing from anybody else. */
export class Rc4 {
  readonly #state: Uint8Array = new Uint8Array(STATES);
  #i = 0;
  #j = 0;

  /** `key` has 1 to 256 bytes. */
  constructor(key: Uint8Array) {
    const state = this.#state;
    for (let i = 0; i < STATES; i++) state[i] = i;
    for (let i = 0, j = 0; i < STATES; i++) {
      const held = state[i]!;
      j = (j + held + key[i % key.length]!) & 0xff;
      state[i] = state[j]!;
      state[j] = held;
    }
  }

  /** Encrypts or decrypts `bytes[start..end)` where it lies. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state;
    let i = this.#i;
    let j = this.#j;
    for (let at = start; at < end; at++) {
      i = (i + 1) & 0xff;
      const a = state[i]!;
      j = (j + a) & 0xff;
      const b = state[j]!;
      state[i] = b;
      state[j] = a;
      bytes[at]! ^= state[(a + b) & 0xff]!;
    }
    this.#i = i;
    this.#j = j;
  }

  /** Leaves out `count` bytes of the key stream. */
  skip(count: number): void {
    this.apply(new Uint8Array(count), 0, count);
  }
}

import { randomFillSync } from "node:crypto";
import type { Random } from "../ports/random.ts";

/** Numbers drawn from the system at a time: one call costs about a microsecond, a table look-up nothing. */
const POOL_SIZE = 256;

/** Cryptographic randomness. */
export class NodeRandom implements Random {
  readonly #pool: Uint32Array = new Uint32Array(POOL_SIZE);
  #used: number = POOL_SIZE;

  fill(target: Uint8Array): Uint8Array {
    return randomFillSync(target);
  }

  uint32(): number {
    if (this.#used === POOL_SIZE) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const value = this.#pool[this.#used] as number;
    this.#pool[this.#used++] = 0;
    return value;
  }
}

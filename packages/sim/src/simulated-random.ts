import type { Random, Rng } from "@shoal/engine/composition";

/** Chance that can be repeated. */
export class SimulatedRandom implements Random {
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  fill(target: Uint8Array): Uint8Array {
    for (let i = 0; i < target.length; i++) target[i] = this.#rng.below(256);
    return target;
  }

  uint32(): number {
    return this.#rng.uint32();
  }
}

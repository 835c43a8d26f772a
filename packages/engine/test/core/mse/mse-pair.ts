import { SimulatedRandom } from "@shoal/sim";
import type { MsePrimitives, MseHandshake } from "../../../dist/core/mse/handshake.js";
import { concatBytes } from "../../../dist/base/bytes.js";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { nodeDiffieHellman } from "../../../dist/node/diffie-hellman.js";
import { nodeHasher } from "../../../dist/node/hasher.js";

/** What the machines need, with numbers that can be repeated. */
export function seeded(seed: number): MsePrimitives {
  const random = new SimulatedRandom(new Xoshiro128(seed));
  return { sha1: nodeHasher.sha1, diffieHellman: nodeDiffieHellman, random };
}

/** The same with one private key and pads of one length, zeros throughout. */
export function fixed(privateKey: number, pad: number): MsePrimitives {
  return {
    sha1: nodeHasher.sha1,
    diffieHellman: nodeDiffieHellman,
    random: {
      fill: (target) => target.fill(target.length === 20 ? privateKey : 0),
      uint32: () => pad,
    },
  };
}

/** One end of a stream: feeds a machine, and keeps what it sends and what comes after its handshake. */
export class MseEnd {
  readonly machine: MseHandshake;
  sent: Uint8Array[] = [];
  /** As received, still obfuscated. */
  rest: Uint8Array = new Uint8Array(0);

  constructor(machine: MseHandshake) {
    this.machine = machine;
    this.#collect();
  }

  receive(bytes: Uint8Array): void {
    let at = 0;
    if (this.machine.outcome === null) {
      at = this.machine.onBytes(bytes, 0, bytes.length);
      this.#collect();
    }
    this.rest = concatBytes(this.rest, bytes.subarray(at));
  }

  take(): Uint8Array {
    return concatBytes(...this.sent.splice(0));
  }

  #collect(): void {
    const out = this.machine.takeOutput();
    if (out !== null) this.sent.push(out);
  }
}

/** Carries bytes between two ends until both are silent, cut into parts by `cut`. */
export function converse(a: MseEnd, b: MseEnd, cut: (bytes: Uint8Array) => Iterable<Uint8Array>): void {
  for (;;) {
    const forth = a.take();
    for (const part of cut(forth)) b.receive(part);
    const back = b.take();
    for (const part of cut(back)) a.receive(part);
    if (forth.length === 0 && back.length === 0) return;
  }
}

import { createDiffieHellman, type DiffieHellman as NodeGroup } from "node:crypto";
import { GENERATOR, PRIME } from "../core/mse/public-key.ts";
import type { DiffieHellman } from "../ports/diffie-hellman.ts";

/** Made when first needed and then kept: each new one checks for 20 ms that the prime is one, a power takes 0.06 ms. */
let shared: NodeGroup | null = null;

/** The platform's arithmetic. Private keys are swapped in for each power. */
export const nodeDiffieHellman: DiffieHellman = {
  publicKey: (privateKey) => power(Uint8Array.of(GENERATOR), privateKey),
  secret: (privateKey, theirs) => power(theirs, privateKey),
};

function power(base: Uint8Array, exponent: Uint8Array): Uint8Array {
  shared ??= createDiffieHellman(PRIME, GENERATOR);
  shared.setPrivateKey(exponent);
  return new Uint8Array(shared.computeSecret(base));
}

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { concatBytes, fromHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { Signer } from "../ports/signer.ts";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** What stands before the 32 bytes of a key in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410). */
const PRIVATE_PREFIX = fromHex("302e020100300506032b657004220420");
const PUBLIC_PREFIX = fromHex("302a300506032b6570032100");

/** Signatures by OpenSSL. */
export const nodeSigner: Signer = {
  publicKey(seed) {
    const spki = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
    return new Uint8Array(spki.subarray(PUBLIC_PREFIX.length));
  },

  sign(seed, message) {
    return new Uint8Array(sign(null, message, privateKey(seed)));
  },

  verify(publicKey, message, signature) {
    if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
    const der = Buffer.from(concatBytes(PUBLIC_PREFIX, publicKey));
    try {
      return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
    } catch {
      // Not a point of the curve.
      return false;
    }
  },
};

function privateKey(seed: Uint8Array): KeyObject {
  if (seed.length !== KEY_BYTES) throw new ShoalError("ERR_INVALID_ARGUMENT", "A private key has 32 bytes");
  const key = Buffer.from(concatBytes(PRIVATE_PREFIX, seed));
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

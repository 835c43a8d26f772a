import { compareBytes, fromHex } from "../../base/bytes.ts";
import { ProtocolError } from "../../base/errors.ts";

export const PUBLIC_KEY_BYTES = 96;
/** The generator is 2. */
export const GENERATOR = 2;
/** The 768-bit prime of MSE. */
export const PRIME: Uint8Array = fromHex(
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74" +
    "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437" +
    "4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563",
);
/** 2 to the power of anything is none of these, so they can only come from somebody who wants to know the secret beforehand. */
const ONE: Uint8Array = PRIME.map((_, at) => (at === PUBLIC_KEY_BYTES - 1 ? 1 : 0));
const PRIME_LESS_ONE: Uint8Array = PRIME.with(PUBLIC_KEY_BYTES - 1, PRIME[PUBLIC_KEY_BYTES - 1]! - 1);

/** Throws ProtocolError for a key with which the secret is known to everybody: 0, 1, p - 1, and all from p on. */
export function checkPublicKey(key: Uint8Array): void {
  if (compareBytes(key, ONE) <= 0 || compareBytes(key, PRIME_LESS_ONE) >= 0) {
    throw new ProtocolError("the other side sent a key that is no key");
  }
}

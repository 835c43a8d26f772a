import { concatBytes } from "../../base/bytes.ts";
import { ShoalError } from "../../base/errors.ts";
import { isItemValue, MAX_SALT_BYTES, PUBLIC_KEY_BYTES } from "../../wire/krpc-query.ts";

export const NO_SALT: Uint8Array = new Uint8Array(0);

/** The key under which a mutable item is stored (BEP 44). */
export function mutableTarget(
  sha1: (bytes: Uint8Array) => Uint8Array,
  publicKey: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  return sha1(concatBytes(publicKey, salt));
}

/** Throws ERR_INVALID_ARGUMENT when a caller's key or salt has the wrong length. */
export function checkItemKey(publicKey: Uint8Array, salt: Uint8Array): void {
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw unusable("A public key has 32 bytes");
  if (salt.length > MAX_SALT_BYTES) throw unusable("A salt has at most 64 bytes");
}

/** Throws ERR_INVALID_ARGUMENT when a caller's value can't be stored. */
export function checkItemValue(value: Uint8Array): void {
  if (!isItemValue(value)) throw unusable("An item has to be canonical bencode of at most 1000 bytes");
}

/** Of what a caller of the DHT wants. */
export function unusable(message: string): ShoalError {
  return new ShoalError("ERR_INVALID_ARGUMENT", message);
}

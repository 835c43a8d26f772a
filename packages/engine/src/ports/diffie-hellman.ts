/** Diffie-Hellman in the 768-bit group of MSE (core/mse/public-key.ts). Keys and secrets are fresh arrays of 96 bytes. */
export interface DiffieHellman {
  publicKey(privateKey: Uint8Array): Uint8Array;
  /** `theirs` must have passed `checkPublicKey`. */
  secret(privateKey: Uint8Array, theirs: Uint8Array): Uint8Array;
}

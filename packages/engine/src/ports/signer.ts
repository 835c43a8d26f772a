/** Ed25519 (RFC 8032). Keys are 32 bytes, signatures 64; what is returned is fresh. */
export interface Signer {
  /** The public key of the private key that `seed` (32 bytes) stands for. */
  publicKey(seed: Uint8Array): Uint8Array;
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** False, never an exception, for a key or a signature that is none. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Hash functions for pure code, which may not import them. Digests are fresh arrays. */
export interface Hasher {
  sha1(data: Uint8Array): Uint8Array;
  sha256(data: Uint8Array): Uint8Array;
}

/** Hash functions for pure code, which may not import them. Digests are fresh arrays. */
export interface Hasher {
  readonly sha1: (data: Uint8Array) => Uint8Array;
  readonly sha256: (data: Uint8Array) => Uint8Array;
}

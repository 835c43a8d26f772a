import { toHex } from "../base/bytes.ts";

/** The names a torrent goes by. At least one is not null. */
export interface InfoHashes {
  /** SHA-1 of the info dictionary, 20 bytes; null for a v2-only torrent. */
  readonly v1: Uint8Array | null;
  /** SHA-256 of the info dictionary, 32 bytes; null for a v1-only torrent. */
  readonly v2: Uint8Array | null;
}

/** Hash functions handed in by the caller: nothing in this folder imports one. Digests are fresh arrays. */
export interface HashFunctions {
  sha1(data: Uint8Array): Uint8Array;
  sha256(data: Uint8Array): Uint8Array;
}

/** The first 20 bytes of a v2 info-hash, as trackers, the DHT and the handshake carry it (BEP 52). */
export function truncate(v2: Uint8Array): Uint8Array {
  return v2.slice(0, 20);
}

/** The 20-byte names under which a torrent is found, v1 first. */
export function shortHashes(hashes: InfoHashes): Uint8Array[] {
  const names: Uint8Array[] = [];
  if (hashes.v1 !== null) names.push(hashes.v1);
  if (hashes.v2 !== null) names.push(truncate(hashes.v2));
  return names;
}

/** 40 hex digits of the v1 hash, or of the truncated v2 hash where there is no v1: names state files. */
export function primaryKey(hashes: InfoHashes): string {
  const name = shortHashes(hashes)[0];
  if (name === undefined) throw new TypeError("a torrent needs an info-hash");
  return toHex(name);
}

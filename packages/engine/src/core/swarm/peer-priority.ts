import { type Endpoint, parseIp } from "../../base/address.ts";
import { compareBytes, concatBytes, equalBytes, writeU16 } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc32c.ts";

/** Where the bytes of an address differ behind the part that counts in full, every second bit counts (BEP 40). */
const SPARSE = 0x55;

/**
 * How much a connection between two peers is worth, the same number for both of them and for everybody else who calculates it, 0 to 2^32 - 1 (BEP 40):
 * so each peer of a swarm is dear to some others, and nobody can take all slots of everybody. `own` is our address as the peer sees it. Null when
 * the hosts are not two addresses of one family.
 */
export function peerPriority(own: Endpoint, peer: Endpoint): number | null {
  const a = parseIp(own.host);
  const b = parseIp(peer.host);
  if (a === null || b === null || a.length !== b.length) return null;
  if (equalBytes(a, b)) return hashSorted(portBytes(own.port), portBytes(peer.port));
  let common = 0;
  while (a[common] === b[common]) common++;
  // Whole up to the first byte that differs, but at least IPv4's /16 and IPv6's /48.
  const whole = Math.max(a.length === 4 ? 2 : 6, common + 1);
  return hashSorted(masked(a, whole), masked(b, whole));
}

function masked(bytes: Uint8Array, whole: number): Uint8Array {
  return bytes.map((byte, i) => (i < whole ? byte : byte & SPARSE));
}

function hashSorted(a: Uint8Array, b: Uint8Array): number {
  return crc32c(compareBytes(a, b) <= 0 ? concatBytes(a, b) : concatBytes(b, a));
}

function portBytes(port: number): Uint8Array {
  const bytes = new Uint8Array(2);
  writeU16(bytes, 0, port);
  return bytes;
}

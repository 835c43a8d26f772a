import { isPrivate, parseIp } from "../../base/address.ts";
import { crc32c } from "../../base/crc32c.ts";

const V4_MASK = Uint8Array.of(0x03, 0x0f, 0x3f, 0xff);
const V6_MASK = Uint8Array.of(0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff);

/**
 * Turns 20 random bytes into an id that belongs to the address (BEP 42), in place: the first 21 bits come from the address and three bits of
 * the last byte. For an address that is none the bytes stay as they are.
 */
export function secureId(host: string, id: Uint8Array): Uint8Array {
  const ip = parseIp(host);
  if (ip === null) return id;
  const crc = crc32c(maskedIp(ip, id[19]!));
  id[0] = crc >>> 24;
  id[1] = crc >>> 16;
  id[2] = ((crc >>> 8) & 0xf8) | (id[2]! & 0x07);
  return id;
}

/** Whether a node at the address may have the id (BEP 42, "Enforcement"): nodes of a local network may have any. */
export function isSecureId(host: string, id: Uint8Array): boolean {
  return belongsTo(host, id) || isPrivate(host);
}

/** Whether the id is made of the address, in a local network too. */
export function belongsTo(host: string, id: Uint8Array): boolean {
  const ip = parseIp(host);
  if (ip === null) return false;
  const masked = maskedIp(ip, id[19]!);
  const crc = crc32c(masked);
  return id[0] === crc >>> 24 && id[1] === ((crc >>> 16) & 0xff) && (id[2]! & 0xf8) === ((crc >>> 8) & 0xf8);
}

function maskedIp(ip: Uint8Array, random: number): Uint8Array {
  const mask = ip.length === 4 ? V4_MASK : V6_MASK;
  const masked = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) masked[i] = mask[i]! & ip[i]!;
  masked[0] = masked[0]! | ((random & 0x07) << 5);
  return masked;
}

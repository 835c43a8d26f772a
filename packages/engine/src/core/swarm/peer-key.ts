import { endpointKey, formatIp, isLoopback, parseIp } from "../../base/address.ts";
import { toHex } from "../../base/bytes.ts";

/** Bytes of an IPv6 address that name one customer: a /64. */
const V6_PREFIX_BYTES = 8;

/**
 * Who is behind an address, as far as an address tells: an IPv4 address or an IPv6 /64, whatever the port. On loopback and
 * for names the port counts: everybody there has the same address.
 */
export function peerKey(host: string, port: number): string {
  const bytes = parseIp(host);
  if (bytes === null || isLoopback(host)) return endpointKey(host, port);
  if (bytes.length !== 4) return `${toHex(bytes.subarray(0, V6_PREFIX_BYTES))}::`;
  return host.includes(":") ? formatIp(bytes) : host;
}

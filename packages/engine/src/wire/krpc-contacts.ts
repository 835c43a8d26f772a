import { encodeCompactPeer, type Endpoint, type Family, formatIp, isBogonIp } from "../base/address.ts";
import { concatBytes, copyBytes, readU16 } from "../base/bytes.ts";

/** Bytes of a node id and of an info-hash in the DHT. */
export const ID_BYTES = 20;

/** A node of the DHT: who it says it is, and where. */
export interface Contact {
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
}

/**
 * Contacts of a compact list (BEP 5, "Contact Encoding"; BEP 32), at most `limit`. Port 0 and addresses at which nobody can be are
 * left out, as is what is cut off at the end. Ids are copies.
 */
export function decodeContacts(bytes: Uint8Array, family: Family, limit: number): Contact[] {
  const size = contactBytes(family);
  const contacts: Contact[] = [];
  for (let at = 0; at + size <= bytes.length && contacts.length < limit; at += size) {
    const endpoint = decodePeer(bytes.subarray(at + ID_BYTES, at + size));
    if (endpoint !== null) contacts.push({ id: copyBytes(bytes.subarray(at, at + ID_BYTES)), endpoint });
  }
  return contacts;
}

/** The opposite. Contacts whose address is of the other family are left out. */
export function encodeContacts(contacts: readonly Contact[], family: Family): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { id, endpoint } of contacts) {
    const address = encodeCompactPeer(endpoint);
    if (address === null || ID_BYTES + address.length !== contactBytes(family)) continue;
    parts.push(id, address);
  }
  return concatBytes(...parts);
}

/** Endpoint of 6 or 18 bytes (BEP 5, 32); null for other lengths, port 0 and addresses at which nobody can be. */
export function decodePeer(bytes: Uint8Array): Endpoint | null {
  if (bytes.length !== 6 && bytes.length !== 18) return null;
  const ip = bytes.subarray(0, bytes.length - 2);
  const port = readU16(bytes, bytes.length - 2);
  return port === 0 || isBogonIp(ip) ? null : { host: formatIp(ip), port };
}

function contactBytes(family: Family): number {
  return ID_BYTES + (family === 4 ? 6 : 18);
}

import { decodeCompactPeers, encodeCompactPeer, type Endpoint } from "../base/address.ts";
import { concatBytes } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { type BencodeOptions, type BencodeValue, decodeBencodePrefix, encodeBencode } from "./bencode.ts";

/** Flags of BEP 11: what is known of a peer. */
export const PEX_PREFERS_ENCRYPTION = 0x01;
/** It wants nothing any more. */
export const PEX_SEED = 0x02;
/** The sender dialled it: others can reach it, too. */
export const PEX_REACHABLE = 0x10;

/** Contacts of each list and family that are read; more are passed over. */
const MAX_READ = 200;
const LIMITS: BencodeOptions = { maxBytes: 65_536, maxDepth: 4, maxTokens: 64, duplicates: "mark" };
const FAMILIES = [
  { added: "added", flags: "added.f", dropped: "dropped", addressBytes: 4 },
  { added: "added6", flags: "added6.f", dropped: "dropped6", addressBytes: 16 },
] as const;

/** A peer of the sender's, with its listening port. */
export interface PexContact extends Endpoint {
  readonly flags: number;
}

/** Whom the sender is connected to, as a change since its last message. */
export interface PexMessage {
  readonly added: readonly PexContact[];
  readonly dropped: readonly Endpoint[];
}

/** Payload of ut_pex. Contacts whose host is no address are left out. */
export function encodePex({ added, dropped }: PexMessage): Uint8Array {
  const parts: Record<string, Uint8Array> = {};
  for (const family of FAMILIES) {
    const size = family.addressBytes + 2;
    const packed = added
      .map((contact) => ({ flags: contact.flags, bytes: encodeCompactPeer(contact) }))
      .filter(({ bytes }) => bytes?.length === size);
    const gone = dropped.map(encodeCompactPeer).filter((bytes) => bytes?.length === size);
    // Old programs want the IPv4 fields, empty or not.
    if (size === 18 && packed.length + gone.length === 0) continue;
    parts[family.added] = concatBytes(...packed.map(({ bytes }) => bytes!));
    parts[family.flags] = Uint8Array.from(packed, ({ flags }) => flags);
    parts[family.dropped] = concatBytes(...gone.map((bytes) => bytes!));
  }
  return encodeBencode(parts);
}

/**
 * Reads a ut_pex message (BEP 11); what is absent is empty, absent flags are 0, and contacts that no peer can have are left out. Throws ProtocolError
 * when it is no dictionary within limits, or a list is cut off.
 */
export function decodePex(payload: Uint8Array): PexMessage {
  const root = decodeBencodePrefix(payload, LIMITS);
  if (root.kind !== "dictionary") throw new ProtocolError("a message about peers is not a dictionary");
  const added: PexContact[] = [];
  const dropped: Endpoint[] = [];
  for (const family of FAMILIES) {
    const { addressBytes } = family;
    const flags = root.getBytes(family.flags);
    const list = listOf(root, family.added);
    const size = addressBytes + 2;
    if (list.length % size !== 0) throw new ProtocolError("a compact peer list is cut off");
    for (let i = 0; i < MAX_READ && i * size < list.length; i++) {
      const [peer] = decodeCompactPeers(list.subarray(i * size, (i + 1) * size), addressBytes, 1);
      if (peer !== undefined) added.push({ ...peer, flags: flags?.[i] ?? 0 });
    }
    dropped.push(...decodeCompactPeers(listOf(root, family.dropped), addressBytes, MAX_READ));
  }
  return { added, dropped };
}

function listOf(root: BencodeValue, key: string): Uint8Array {
  return root.getBytes(key) ?? new Uint8Array(0);
}

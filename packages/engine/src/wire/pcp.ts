import { familyOf, formatIp, parseIp } from "../base/address.ts";
import { readU16, readU32, writeU16, writeU32 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  MAPPED_PROTOCOLS,
  type MappedProtocol,
  type MappingRefusal,
  PROTOCOL_NUMBERS,
} from "./port-mapping.ts";

const VERSION = 2;
const OP_ANNOUNCE = 0;
const OP_MAP = 1;
const ANSWER = 0x80;
const HEADER_BYTES = 24;
const MAP_BYTES = 36;
/** Longest packet that the protocol allows (RFC 6887, 7). */
const MAX_BYTES = 1_100;
/** Bytes of the number by which a router knows again who made a mapping. */
export const PCP_NONCE_BYTES = 12;
/** Result codes (RFC 6887, 7.4). */
const UNSUPPORTED_VERSION = 1;
const REFUSALS: ReadonlyMap<number, MappingRefusal> = new Map([
  [2, "forbidden"],
  [7, "no-outside"],
  [8, "full"],
  [10, "full"],
  [11, "taken"],
  [12, "other-address"],
]);

/** One request for a mapping. */
export interface PcpMapRequest {
  /** Our address, from which the packet is sent. */
  readonly client: string;
  readonly nonce: Uint8Array;
  readonly protocol: MappedProtocol;
  readonly internalPort: number;
  readonly suggestedPort: number;
  /** The outside address that we had before, or null. */
  readonly suggestedHost: string | null;
  /** 0 removes the mapping. */
  readonly lifetimeSeconds: number;
}

/** What a router answers over PCP. `nonce` is what our request carried. */
export type PcpPacket =
  | {
      readonly kind: "mapped";
      readonly nonce: Uint8Array;
      /** Seconds since the router began to count, which is when it forgot all mappings. */
      readonly epoch: number;
      readonly protocol: MappedProtocol;
      readonly internalPort: number;
      readonly externalPort: number;
      readonly externalHost: string;
      readonly lifetimeSeconds: number;
    }
  /** To all, when the router has begun anew. */
  | { readonly kind: "announce"; readonly epoch: number }
  | { readonly kind: "refused"; readonly nonce: Uint8Array; readonly reason: MappingRefusal }
  | { readonly kind: "unsupported-version" };

/** A MAP request (RFC 6887, 11.1). Throws ProtocolError when an address or the nonce is none. */
export function encodePcpMap(request: PcpMapRequest): Uint8Array {
  if (request.nonce.length !== PCP_NONCE_BYTES) throw new ProtocolError("a nonce has 12 bytes");
  const packet = new Uint8Array(HEADER_BYTES + MAP_BYTES);
  packet[0] = VERSION;
  packet[1] = OP_MAP;
  writeU32(packet, 4, request.lifetimeSeconds);
  writeAddress(packet, 8, request.client);
  packet.set(request.nonce, 24);
  packet[36] = PROTOCOL_NUMBERS[request.protocol];
  writeU16(packet, 40, request.internalPort);
  const isRemoval = request.lifetimeSeconds === 0;
  writeU16(packet, 42, isRemoval ? 0 : request.suggestedPort);
  // "Any" of the family that is to be mapped (RFC 6887, 11.1).
  const any = familyOf(request.client) === 6 ? "::" : "0.0.0.0";
  writeAddress(packet, 44, isRemoval ? any : (request.suggestedHost ?? any));
  return packet;
}

/** Reads a router's answer to a MAP request, or its ANNOUNCE. Options after it are left unread; throws ProtocolError on anything else. */
export function decodePcp(packet: Uint8Array): PcpPacket {
  if (packet.length < 4 || packet.length > MAX_BYTES || packet[0] !== VERSION || packet[1]! < ANSWER) {
    throw new ProtocolError("not a PCP answer");
  }
  const result = packet[3]!;
  if (result === UNSUPPORTED_VERSION) return { kind: "unsupported-version" };
  if (packet[1] === (ANSWER | OP_ANNOUNCE) && result === 0 && packet.length >= HEADER_BYTES) {
    return { kind: "announce", epoch: readU32(packet, 8) };
  }
  if (packet[1] !== (ANSWER | OP_MAP) || packet.length < HEADER_BYTES + MAP_BYTES) {
    throw new ProtocolError("a PCP answer to nothing we ask");
  }
  const nonce = packet.slice(24, 24 + PCP_NONCE_BYTES);
  if (result !== 0) return { kind: "refused", nonce, reason: REFUSALS.get(result) ?? "unable" };
  const protocol = MAPPED_PROTOCOLS.find((known) => packet[36] === PROTOCOL_NUMBERS[known]);
  if (protocol === undefined) throw new ProtocolError("a PCP answer for a protocol that we do not use");
  return {
    kind: "mapped",
    nonce,
    epoch: readU32(packet, 8),
    protocol,
    internalPort: readU16(packet, 40),
    externalPort: readU16(packet, 42),
    externalHost: formatIp(packet.subarray(44, 60)),
    lifetimeSeconds: readU32(packet, 4),
  };
}

/** IPv4 as IPv4-mapped IPv6 (RFC 6887, 5). */
function writeAddress(packet: Uint8Array, at: number, host: string): void {
  const bytes = parseIp(host);
  if (bytes === null) throw new ProtocolError("not an address", { host });
  if (bytes.length === 4) packet.set([0xff, 0xff], at + 10);
  packet.set(bytes, at + 16 - bytes.length);
}

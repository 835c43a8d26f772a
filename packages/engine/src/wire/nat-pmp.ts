import { formatIp } from "../base/address.ts";
import { readU16, readU32, writeU16, writeU32 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import type { MappedProtocol, MappingRefusal } from "./port-mapping.ts";

const VERSION = 0;
const OP_ADDRESS = 0;
const OP_MAP = { udp: 1, tcp: 2 } as const;
/** Answers carry the operation with this bit set (RFC 6886, 3.2). */
const ANSWER = 0x80;
/** Result codes (RFC 6886, 3.5). */
const UNSUPPORTED_VERSION = 1;
const REFUSALS: ReadonlyMap<number, MappingRefusal> = new Map([
  [2, "forbidden"],
  [3, "no-outside"],
  [4, "full"],
]);

/** What a router answers over NAT-PMP. `epoch`: seconds since it began to count, which is when it forgot all mappings. */
export type NatPmpPacket =
  | { readonly kind: "address"; readonly epoch: number; readonly host: string }
  | {
      readonly kind: "mapped";
      readonly epoch: number;
      readonly protocol: MappedProtocol;
      readonly internalPort: number;
      /** 0 in the answer to a removal. */
      readonly externalPort: number;
      readonly lifetimeSeconds: number;
    }
  /** `protocol` is null when it was the outside address that was refused. */
  | { readonly kind: "refused"; readonly protocol: MappedProtocol | null; readonly reason: MappingRefusal }
  /** It speaks no NAT-PMP, or was asked in PCP and speaks NAT-PMP alone. */
  | { readonly kind: "unsupported-version" };

/** Asks for the router's address on the outside (RFC 6886, 3.2). */
export function encodeNatPmpAddress(): Uint8Array {
  return Uint8Array.of(VERSION, OP_ADDRESS);
}

/** Asks for a mapping (RFC 6886, 3.3); lifetime 0 removes it. */
export function encodeNatPmpMap(
  protocol: MappedProtocol,
  internalPort: number,
  suggestedPort: number,
  lifetimeSeconds: number,
): Uint8Array {
  const packet = new Uint8Array(12);
  packet[1] = OP_MAP[protocol];
  writeU16(packet, 4, internalPort);
  writeU16(packet, 6, lifetimeSeconds === 0 ? 0 : suggestedPort);
  writeU32(packet, 8, lifetimeSeconds);
  return packet;
}

/** Reads a router's answer. Longer packets than known are allowed; throws ProtocolError on anything else. */
export function decodeNatPmp(packet: Uint8Array): NatPmpPacket {
  if (packet.length < 8 || packet[0] !== VERSION) throw new ProtocolError("not a NAT-PMP answer");
  const result = readU16(packet, 2);
  if (result === UNSUPPORTED_VERSION) return { kind: "unsupported-version" };
  const operation = packet[1]! ^ ANSWER;
  const protocol = operation === OP_MAP.tcp ? "tcp" : operation === OP_MAP.udp ? "udp" : null;
  if (protocol === null && operation !== OP_ADDRESS) {
    throw new ProtocolError("a NAT-PMP answer to nothing we ask", { operation });
  }
  if (result !== 0) return { kind: "refused", protocol, reason: REFUSALS.get(result) ?? "unable" };
  const epoch = readU32(packet, 4);
  if (protocol === null) {
    if (packet.length < 12) throw new ProtocolError("a NAT-PMP answer is cut off");
    return { kind: "address", epoch, host: formatIp(packet.subarray(8, 12)) };
  }
  if (packet.length < 16) throw new ProtocolError("a NAT-PMP answer is cut off");
  return {
    kind: "mapped",
    epoch,
    protocol,
    internalPort: readU16(packet, 8),
    externalPort: readU16(packet, 10),
    lifetimeSeconds: readU32(packet, 12),
  };
}

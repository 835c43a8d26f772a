import { formatIp } from "../base/address.ts";
import { latin1Text, readU16, utf8, writeU16 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

/** Record types (RFC 1035, 3.2.2; RFC 3596). */
export const DNS_TYPE = { A: 1, AAAA: 28 } as const;
const TYPE_CNAME = 5;
const CLASS_IN = 1;
const HEADER_BYTES = 12;
/** Length of a name in text, without the final dot (RFC 1035, 2.3.4). */
const MAX_NAME = 253;
const MAX_LABEL = 63;
/** Records of one answer that are looked at. */
const MAX_RECORDS = 128;
/** Steps from one name to another that it stands for. */
const MAX_ALIASES = 16;

export interface DnsQuestion {
  readonly id: number;
  /** ASCII, as a URL has it; upper and lower case are the same. */
  readonly name: string;
  readonly type: (typeof DNS_TYPE)[keyof typeof DNS_TYPE];
}

export interface DnsAnswer {
  /** 0: it is known what there is; 3: there is no such name; else the server could or would not answer (RFC 1035, 4.1.1). */
  readonly code: number;
  /** There was more than fits a datagram. */
  readonly truncated: boolean;
  /** Literals, in the server's order. */
  readonly addresses: readonly string[];
}

/** A question to a server that asks others for us (RFC 1035, 4.1). Throws ProtocolError for what is no host name. */
export function encodeDnsQuestion({ id, name, type }: DnsQuestion): Uint8Array {
  const labels = name.replace(/\.$/, "").split(".").map(utf8);
  const isName =
    labels.every(({ length }) => length > 0 && length <= MAX_LABEL) && name.length <= MAX_NAME + 1;
  const nameBytes = labels.reduce((sum, label) => sum + label.length + 1, 1);
  if (!isName || nameBytes > 255) throw new ProtocolError("not a host name");
  const packet = new Uint8Array(HEADER_BYTES + nameBytes + 4);
  writeU16(packet, 0, id);
  // Recursion desired.
  packet[2] = 1;
  writeU16(packet, 4, 1);
  let at = HEADER_BYTES;
  for (const label of labels) {
    packet[at] = label.length;
    packet.set(label, at + 1);
    at += label.length + 1;
  }
  writeU16(packet, at + 1, type);
  writeU16(packet, at + 3, CLASS_IN);
  return packet;
}

/** What a server says to our question. Throws ProtocolError on what is malformed, and on the answer to another question. */
export function decodeDnsAnswer(packet: Uint8Array, question: DnsQuestion): DnsAnswer {
  if (packet.length < HEADER_BYTES) throw new ProtocolError("a DNS answer is cut off");
  const flags = readU16(packet, 2);
  const isAnswer = (flags & 0x8000) !== 0 && (flags & 0x7800) === 0;
  if (!isAnswer || readU16(packet, 0) !== question.id || readU16(packet, 4) !== 1) {
    throw new ProtocolError("not the answer to our DNS question");
  }
  const asked = readName(packet, HEADER_BYTES);
  const name = question.name.replace(/\.$/, "").toLowerCase();
  need(packet, asked.end, 4);
  if (asked.name !== name || readU16(packet, asked.end) !== question.type) {
    throw new ProtocolError("not the answer to our DNS question");
  }
  const truncated = (flags & 0x0200) !== 0;
  const found = readRecords(packet, asked.end + 4, question.type, truncated);
  let owner = name;
  for (let i = 0; i < MAX_ALIASES && !found.addresses.has(owner); i++) {
    const alias = found.aliases.get(owner);
    if (alias === undefined) break;
    owner = alias;
  }
  return { code: flags & 0x0f, truncated, addresses: found.addresses.get(owner) ?? [] };
}

interface Records {
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly aliases: ReadonlyMap<string, string>;
}

/** The answer section. Of one that is `truncated` as much as there is. */
function readRecords(packet: Uint8Array, start: number, type: number, truncated: boolean): Records {
  const addresses: Map<string, string[]> = new Map();
  const aliases: Map<string, string> = new Map();
  const count = Math.min(readU16(packet, 6), MAX_RECORDS);
  let at = start;
  for (let i = 0; i < count; i++) {
    if (truncated && at === packet.length) break;
    const { name, end } = readName(packet, at);
    need(packet, end, 10);
    const kind = readU16(packet, end);
    const isInternet = readU16(packet, end + 2) === CLASS_IN;
    const length = readU16(packet, end + 8);
    const data = end + 10;
    need(packet, data, length);
    if (isInternet && kind === type) {
      if (length !== (type === DNS_TYPE.A ? 4 : 16))
        throw new ProtocolError("a DNS address has a wrong length");
      const address = formatIp(packet.subarray(data, data + length));
      const known = addresses.get(name);
      if (known === undefined) addresses.set(name, [address]);
      else known.push(address);
    } else if (isInternet && kind === TYPE_CNAME) {
      aliases.set(name, readName(packet, data).name);
    }
    at = data + length;
  }
  return { addresses, aliases };
}

/** A name, which may point back to parts of earlier ones (RFC 1035, 4.1.4), in lower case; `end` is after it. */
function readName(packet: Uint8Array, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let bytes = 0;
  let at = start;
  let end = -1;
  // Pointers lead only backwards, so there is an end to them.
  let limit = start;
  for (;;) {
    need(packet, at, 1);
    const length = packet[at]!;
    if (length === 0) return { name: labels.join("."), end: end === -1 ? at + 1 : end };
    if ((length & 0xc0) === 0xc0) {
      need(packet, at, 2);
      const target = readU16(packet, at) & 0x3fff;
      if (target >= limit) throw new ProtocolError("a DNS name points forward");
      if (end === -1) end = at + 2;
      limit = target;
      at = target;
      continue;
    }
    if (length > MAX_LABEL) throw new ProtocolError("a DNS label has an unknown form");
    need(packet, at + 1, length);
    bytes += length + 1;
    if (bytes > 254) throw new ProtocolError("a DNS name is too long");
    labels.push(latin1Text(packet.subarray(at + 1, at + 1 + length)).toLowerCase());
    at += length + 1;
  }
}

function need(packet: Uint8Array, at: number, bytes: number): void {
  if (at + bytes > packet.length) throw new ProtocolError("a DNS answer is cut off");
}

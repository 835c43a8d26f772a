import { concatBytes, readU16, writeU16 } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";

/** Where a peer or server listens. `host` is an address literal without brackets, or a host name where that is said. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Longest host name that DNS allows. */
const MAX_HOST_NAME = 253;
const MAX_V4_TEXT = 15;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const V4_MAPPED_PREFIX: Uint8Array = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/**
 * Bytes of an address literal: 4 for IPv4, 16 for IPv6, null when it is neither. An IPv4-mapped IPv6 address gives
 * the 4 bytes. Zone indices ("%eth0") are refused, as are octets with leading zeros.
 */
export function parseIp(text: string): Uint8Array | null {
  if (!text.includes(":")) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes === null ? null : unmap(bytes);
}

/** Text of 4 or 16 address bytes; IPv6 as RFC 5952 writes it, IPv4-mapped as IPv4. Throws ProtocolError on other lengths. */
export function formatIp(bytes: Uint8Array): string {
  const plain = unmap(bytes);
  if (plain.length === 4) return `${plain[0]}.${plain[1]}.${plain[2]}.${plain[3]}`;
  if (plain.length !== 16) throw new ProtocolError("an address has neither 4 nor 16 bytes");
  const groups = Array.from({ length: 8 }, (_, i) => readU16(plain, 2 * i));
  const gap = longestZeroRun(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (gap.length < 2) return hex(groups);
  return `${hex(groups.slice(0, gap.start))}::${hex(groups.slice(gap.start + gap.length))}`;
}

/** The one spelling we use for an address literal, or null when the text is no address. */
export function canonicalIp(text: string): string | null {
  const bytes = parseIp(text);
  return bytes === null ? null : formatIp(bytes);
}

/**
 * Parses "1.2.3.4:5", "[::1]:5" or "host.example:5". An address comes back in its canonical spelling, a name in lower
 * case. Throws ProtocolError when there is no host or no port from 1 to 65535.
 */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = match === null ? 0 : Number(match[3]);
  const host = match === null ? null : match[1] === undefined ? nameOrIp(match[2]!) : canonicalIp(match[1]);
  if (host === null || port < 1 || port > 65_535)
    throw new ProtocolError("not an address with a port", { text });
  return { host, port };
}

/** IPv4 or IPv6. */
export type Family = 4 | 6;

export const FAMILIES: readonly Family[] = [4, 6];

/** Of an address literal in canonical spelling. */
export function familyOf(host: string): Family {
  return host.includes(":") ? 6 : 4;
}

/** "1.2.3.4:5" or "[::1]:5". */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpointKey(endpoint.host, endpoint.port);
}

/** Text that is equal exactly for equal endpoints, provided that addresses are spelled canonically. */
export function endpointKey(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A host without the brackets that URLs put around IPv6 addresses. */
export function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

/** An address without its zone index: only the kernel knows these ("fe80::1%eth0"). */
export function withoutZone(host: string): string {
  const at = host.indexOf("%");
  return at === -1 ? host : host.slice(0, at);
}

/** 127.0.0.0/8 or ::1. False for names. */
export function isLoopback(host: string): boolean {
  return nearnessOf(host) === Nearness.here;
}

/**
 * Addresses that mean something only in some local network: loopback, private (RFC 1918, fc00::/7), link-local,
 * shared (100.64.0.0/10). False for names.
 */
export function isPrivate(host: string): boolean {
  return nearnessOf(host) >= Nearness.local;
}

/** fe80::/10 and 169.254.0.0/16. False for names. */
export function isLinkLocal(host: string): boolean {
  const ip = parseIp(host);
  return ip !== null && isLinkLocalIp(ip);
}

/** How near to us an address is: anywhere in the internet, in some local network, on this machine. */
export const Nearness = { far: 0, local: 1, here: 2 } as const;
export type Nearness = (typeof Nearness)[keyof typeof Nearness];

/** Of an address of 4 or 16 bytes. */
export function nearnessOfIp(ip: Uint8Array): Nearness {
  const a = ip[0]!;
  const b = ip[1]!;
  if (ip.length !== 4) {
    if (isZero(ip, 0, 15) && ip[15] === 1) return Nearness.here;
    return (a & 0xfe) === 0xfc || isLinkLocalIp(ip) ? Nearness.local : Nearness.far;
  }
  if (a === 127) return Nearness.here;
  const isLocal =
    a === 10 ||
    (a === 172 && (b & 0xf0) === 16) ||
    (a === 192 && b === 168) ||
    isLinkLocalIp(ip) ||
    (a === 100 && (b & 0xc0) === 64);
  return isLocal ? Nearness.local : Nearness.far;
}

/** Names are far. */
export function nearnessOf(host: string): Nearness {
  const ip = parseIp(host);
  return ip === null ? Nearness.far : nearnessOfIp(ip);
}

/**
 * Whether an address is to be believed from, or told to, somebody at `host`: one that means something only in a local network says nothing to those
 * outside, and from them it would make us talk to what is near us.
 */
export function mayTell(address: string, host: string): boolean {
  return nearnessOf(address) <= nearnessOf(host);
}

/** Addresses at which no single peer can be: unspecified, multicast, broadcast and reserved ones, and what is no address. */
export function isBogon(host: string): boolean {
  const bytes = parseIp(host);
  return bytes === null || isBogonIp(bytes);
}

/** The same of an address of 4 or 16 bytes. */
export function isBogonIp(ip: Uint8Array): boolean {
  const bytes = unmap(ip);
  if (bytes.length === 4) return bytes[0] === 0 || bytes[0]! >= 224;
  return bytes[0] === 0xff || isZero(bytes, 0, 16);
}

/** 6 (IPv4) or 18 (IPv6) bytes of BEP 5 and 7, or null when the host is no address. */
export function encodeCompactPeer(peer: Endpoint): Uint8Array | null {
  const ip = parseIp(peer.host);
  if (ip === null) return null;
  const port = new Uint8Array(2);
  writeU16(port, 0, peer.port);
  return concatBytes(ip, port);
}

/**
 * Peers of a compact list (BEP 5, 7 and 23) with `addressBytes` of 4 or 16, at most `limit`. Entries with port 0 or an
 * address at which no peer can be are left out. Throws ProtocolError when the length is no multiple of the entry size.
 */
export function decodeCompactPeers(bytes: Uint8Array, addressBytes: 4 | 16, limit: number): Endpoint[] {
  const size = addressBytes + 2;
  if (bytes.length % size !== 0) throw new ProtocolError("a compact peer list is cut off");
  const peers: Endpoint[] = [];
  for (let at = 0; at < bytes.length && peers.length < limit; at += size) {
    const host = formatIp(bytes.subarray(at, at + addressBytes));
    const port = readU16(bytes, at + addressBytes);
    if (port !== 0 && !isBogon(host)) peers.push({ host, port });
  }
  return peers;
}

function parseIpv4(text: string): Uint8Array | null {
  // By hand: packets of the DHT bring dozens of addresses each.
  if (text.length > MAX_V4_TEXT) return null;
  const bytes = new Uint8Array(4);
  let octet = 0;
  let value = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || octet === 3) return null;
      bytes[octet++] = value;
      value = digits = 0;
    } else {
      if (code < DIGIT_0 || code > DIGIT_9 || (digits > 0 && value === 0)) return null;
      value = value * 10 + (code - DIGIT_0);
      if (++digits > 3 || value > 255) return null;
    }
  }
  if (octet !== 3 || digits === 0) return null;
  bytes[3] = value;
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!);
  const tail = parseGroups(halves[1] ?? "");
  if (head === null || tail === null) return null;
  const bytes = new Uint8Array(16);
  if (halves.length === 1) {
    if (head.length !== 16) return null;
  } else if (head.length + tail.length > 14 || halves[0]!.includes(".")) {
    return null;
  }
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** Bytes of groups between colons, the last of which may be an IPv4 address. */
function parseGroups(text: string): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const v4 = i === groups.length - 1 && group.includes(".") ? parseIpv4(group) : null;
    if (v4 !== null) bytes.push(...v4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 0xff);
    } else return null;
  }
  return bytes.length > 16 ? null : bytes;
}

function unmap(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16) return bytes;
  for (let i = 0; i < V4_MAPPED_PREFIX.length; i++) if (bytes[i] !== V4_MAPPED_PREFIX[i]) return bytes;
  return bytes.slice(12);
}

function isLinkLocalIp(ip: Uint8Array): boolean {
  const a = ip[0]!;
  const b = ip[1]!;
  return ip.length === 4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** The first of the longest runs of zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

function nameOrIp(text: string): string | null {
  const ip = parseIpv4(text);
  if (ip !== null) return formatIp(ip);
  // A last label of digits only would be taken for a number by URL parsers and resolvers.
  const usable =
    text.length <= MAX_HOST_NAME &&
    /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(text);
  return usable && !/(^|\.)(\d+|0x[0-9a-f]*)$/i.test(text) ? text.toLowerCase() : null;
}

import { formatIp, parseIp, type Endpoint } from "../base/address.ts";
import { concatBytes, latin1Text, readU16, utf8, writeU16 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

/** SOCKS version 5 (RFC 1928) with names and passwords (RFC 1929). */
const VERSION = 5;
const AUTH_VERSION = 1;
/** Most bytes of a host name, a user name or a password. */
const SOCKS_MAX_TEXT = 255;

export const SOCKS_METHOD = { NONE: 0, PASSWORD: 2 } as const;
export const SOCKS_COMMAND = { CONNECT: 1, UDP_ASSOCIATE: 3 } as const;
const ADDRESS_TYPE = { V4: 1, NAME: 3, V6: 4 } as const;

/** What the server says to a request, and how many bytes it took. Whether it agrees is in the second byte: 0 is success. */
export interface SocksReply {
  /** Address literal, or the name that the server gave. */
  readonly bound: Endpoint;
  readonly length: number;
}

/** Offers to go without a password, and with one when there is one. */
export function encodeSocksGreeting(withPassword: boolean): Uint8Array {
  return withPassword
    ? Uint8Array.of(VERSION, 2, SOCKS_METHOD.NONE, SOCKS_METHOD.PASSWORD)
    : Uint8Array.of(VERSION, 1, SOCKS_METHOD.NONE);
}

/** The method that the server chose. Throws ProtocolError when it speaks something else. */
export function decodeSocksMethod(bytes: Uint8Array): number {
  if (bytes.length < 2 || bytes[0] !== VERSION) throw new ProtocolError("not a SOCKS5 server");
  return bytes[1]!;
}

/** Throws ProtocolError for an empty or too long text. */
export function encodeSocksPassword(username: string, password: string): Uint8Array {
  const [name, word] = [utf8(username), utf8(password)];
  if (name.length === 0 || name.length > SOCKS_MAX_TEXT || word.length > SOCKS_MAX_TEXT) {
    throw new ProtocolError("a name or password does not fit SOCKS5");
  }
  return concatBytes(Uint8Array.of(AUTH_VERSION, name.length), name, Uint8Array.of(word.length), word);
}

/** Whether the server accepts the password. Throws ProtocolError for what is no answer to one. */
export function decodeSocksPasswordAnswer(bytes: Uint8Array): boolean {
  if (bytes.length < 2 || bytes[0] !== AUTH_VERSION)
    throw new ProtocolError("not a SOCKS5 answer to a password");
  return bytes[1] === 0;
}

/** `to.host` may be a name: then the server looks it up. Throws ProtocolError when that is too long. */
export function encodeSocksRequest(command: number, to: Endpoint): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION, command, 0), encodeAddress(to));
}

/** Null while the reply is not complete. Throws ProtocolError. */
export function decodeSocksReply(bytes: Uint8Array): SocksReply | null {
  if (bytes.length > 0 && bytes[0] !== VERSION) throw new ProtocolError("not a SOCKS5 reply");
  if (bytes.length < 4) return null;
  // Some servers say no more than that they failed.
  const address = decodeAddress(bytes, 3);
  return address === null ? null : { bound: address.endpoint, length: address.end };
}

/** A datagram for the server to pass on (RFC 1928, section 7). */
export function encodeSocksPacket(to: Endpoint, data: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0, 0, 0), encodeAddress(to), data);
}

/** A datagram that the server passes on. Throws ProtocolError; fragments are refused. */
export function decodeSocksPacket(packet: Uint8Array): {
  readonly from: Endpoint;
  readonly data: Uint8Array;
} {
  if (packet.length < 4 || packet[2] !== 0) throw new ProtocolError("not a whole SOCKS5 datagram");
  const address = decodeAddress(packet, 3);
  if (address === null) throw new ProtocolError("a SOCKS5 datagram is cut off");
  return { from: address.endpoint, data: packet.subarray(address.end) };
}

function encodeAddress({ host, port }: Endpoint): Uint8Array {
  const ip = parseIp(host);
  const tail = new Uint8Array(2);
  writeU16(tail, 0, port);
  if (ip !== null)
    return concatBytes(Uint8Array.of(ip.length === 4 ? ADDRESS_TYPE.V4 : ADDRESS_TYPE.V6), ip, tail);
  const name = utf8(host);
  if (name.length === 0 || name.length > SOCKS_MAX_TEXT)
    throw new ProtocolError("a host name does not fit SOCKS5");
  return concatBytes(Uint8Array.of(ADDRESS_TYPE.NAME, name.length), name, tail);
}

function decodeAddress(bytes: Uint8Array, at: number): { endpoint: Endpoint; end: number } | null {
  const type = bytes[at];
  const lengths: Record<number, number | undefined> = {
    [ADDRESS_TYPE.V4]: 4,
    [ADDRESS_TYPE.V6]: 16,
    [ADDRESS_TYPE.NAME]: bytes[at + 1] ?? 0,
  };
  const length = lengths[type!];
  if (length === undefined) throw new ProtocolError("a SOCKS5 address has an unknown type");
  const start = type === ADDRESS_TYPE.NAME ? at + 2 : at + 1;
  const end = start + length + 2;
  if (end > bytes.length) return null;
  const address = bytes.subarray(start, start + length);
  const host = type === ADDRESS_TYPE.NAME ? latin1Text(address) : formatIp(address);
  return { endpoint: { host, port: readU16(bytes, end - 2) }, end };
}

import type { Family } from "../base/address.ts";
import { latin1Text, utf8 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

/** UDP port of local service discovery (BEP 14). */
export const LSD_PORT = 6771;
/** Multicast groups by address family (BEP 14). */
export const LSD_GROUPS: Readonly<Record<Family, string>> = { 4: "239.192.152.143", 6: "ff15::efc0:988f" };
/** Torrents of one packet: so it stays below the 1,400 bytes that BEP 14 allows. */
export const MAX_LSD_NAMES = 24;

/** Packets of others that are larger are refused. */
const MAX_BYTES = 8_192;
/** Names that are taken from one packet. */
const MAX_NAMES_READ = 100;
const MAX_COOKIE = 64;

/** Somebody near takes part in the swarms of some torrents. */
export interface LsdAnnounce {
  /** TCP port on which the sender listens, 1 to 65535. */
  readonly port: number;
  /** 20-byte info-hashes in lower-case hex. */
  readonly names: readonly string[];
  /** By which a sender knows its own packets again; null when there is none. */
  readonly cookie: string | null;
}

/** A BT-SEARCH packet for the group of `family`, with at most `MAX_LSD_NAMES` names; the cookie is a word of ASCII. */
export function encodeLsdAnnounce(announce: LsdAnnounce, family: Family): Uint8Array {
  const host = family === 6 ? `[${LSD_GROUPS[6]}]` : LSD_GROUPS[4];
  const lines = [
    "BT-SEARCH * HTTP/1.1",
    `Host: ${host}:${LSD_PORT}`,
    `Port: ${announce.port}`,
    ...announce.names.map((name) => `Infohash: ${name}`),
    ...(announce.cookie === null ? [] : [`cookie: ${announce.cookie}`]),
  ];
  return utf8(`${lines.join("\r\n")}\r\n\r\n\r\n`);
}

/**
 * Reads a BT-SEARCH packet; headers in any case and order, unknown ones are passed over, as are info-hashes of another form.
 * Throws ProtocolError when it is something else or has no port or no info-hash.
 */
export function decodeLsdAnnounce(bytes: Uint8Array): LsdAnnounce {
  if (bytes.length > MAX_BYTES) throw new ProtocolError("a local announce is too large");
  const [request, ...headers] = latin1Text(bytes).split(/\r?\n/);
  if (!/^BT-SEARCH \* HTTP\/1\.\d$/.test(request!)) throw new ProtocolError("not a local announce");
  const names: Set<string> = new Set();
  let port = 0;
  let cookie: string | null = null;
  for (const line of headers) {
    if (line === "") break;
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, Math.max(0, colon)).trim().toLowerCase()) {
      case "port":
        if (/^\d{1,5}$/.test(value)) port = Number(value);
        break;
      case "infohash":
        if (names.size < MAX_NAMES_READ && /^[0-9a-f]{40}$/i.test(value)) names.add(value.toLowerCase());
        break;
      case "cookie":
        cookie = value.slice(0, MAX_COOKIE);
        break;
    }
  }
  if (port < 1 || port > 65_535) throw new ProtocolError("a local announce has no usable port");
  if (names.size === 0) throw new ProtocolError("a local announce names no torrent");
  return { port, names: [...names], cookie };
}

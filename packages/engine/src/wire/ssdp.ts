import type { Family } from "../base/address.ts";
import { latin1Text, utf8 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";

/** Where devices listen for searches, by family (UPnP Device Architecture 2.0, 1.3.2 and A.4). */
export const SSDP_GROUPS = {
  4: { host: "239.255.255.250", port: 1900 },
  6: { host: "ff02::c", port: 1900 },
} as const;

/** Longest answer that is read, and longest address of a description in it. */
const MAX_ANSWER = 4_096;
const MAX_LOCATION = 512;

/** What a device says of itself. */
export interface SsdpAnswer {
  /** What was searched for and is there. */
  readonly target: string;
  /** Where its description is: any text so far. */
  readonly location: string;
}

/** A search for devices or services of one kind (UPnP Device Architecture 2.0, 1.3.2). Devices wait up to a second before they answer. */
export function encodeSearch(family: Family, target: string): Uint8Array {
  const { host, port } = SSDP_GROUPS[family];
  const group = family === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  return utf8(
    `M-SEARCH * HTTP/1.1\r\nHOST: ${group}\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ${target}\r\n\r\n`,
  );
}

/** Reads an answer to a search. Throws ProtocolError when it is none, or says not where the description is. */
export function decodeSearchAnswer(packet: Uint8Array): SsdpAnswer {
  if (packet.length > MAX_ANSWER) throw new ProtocolError("an answer to a search is too long");
  const lines = latin1Text(packet).split(/\r?\n/);
  if (!/^HTTP\/1\.[01] 200(?: |$)/i.test(lines[0]!)) throw new ProtocolError("not an answer to a search");
  const fields = new Map<string, string>();
  for (const line of lines.slice(1)) {
    if (line === "") break;
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  const location = fields.get("location") ?? "";
  if (location === "" || location.length > MAX_LOCATION) {
    throw new ProtocolError("an answer to a search names no description");
  }
  return { target: fields.get("st") ?? "", location };
}

import { formatEndpoint, parseEndpoint } from "../base/address.ts";
import type { Endpoint } from "../base/address.ts";
import type { FileIndex } from "../base/brand.ts";
import { base32ToBytes, equalBytes, fromHex, toHex, utf8, utf8Text } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { plainText } from "./display-name.ts";
import type { InfoHashes } from "./info-hash.ts";

/** What a magnet link says (BEP 9, 52 and 53). */
export interface Magnet {
  readonly infoHashes: InfoHashes;
  /** `dn`, without control and direction characters; still not a file name. */
  readonly name: string | null;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  /** `x.pe` */
  readonly peers: readonly Endpoint[];
  /** `xl`: bytes, as the link claims. */
  readonly exactLength: number | null;
  /** `so`: wanted file indices as closed ranges, ascending and apart; null means all files. */
  readonly selectOnly: readonly (readonly [from: number, to: number])[] | null;
}

/** Characters of a link. */
const MAX_LINK = 262_144;
const MAX_ENTRIES = 1_000;
const MAX_FILE_INDEX = 0x7fff_ffff;
const SHA256_MULTIHASH = "1220";

/**
 * Parses a magnet link. Case of scheme, keys and digits is free; unknown keys, unusable peers and lengths, and broken
 * percent escapes are passed over. Throws ProtocolError (ERR_MAGNET) when the link doesn't say which torrent or files
 * it means.
 */
export function parseMagnet(link: string): Magnet {
  const text = link.trim();
  if (text.length > MAX_LINK) throw broken("the link is too long");
  const scheme = /^magnet:(?:\/\/)?\/?\?/i.exec(text);
  if (scheme === null) throw broken('the link doesn\'t start with "magnet:?"');
  let v1: Uint8Array | null = null;
  let v2: Uint8Array | null = null;
  let name: string | null = null;
  let exactLength: number | null = null;
  let selectOnly: (readonly [number, number])[] | null = null;
  let peersRead = 0;
  const trackers = new Set<string>();
  const webSeeds = new Set<string>();
  const peers = new Map<string, Endpoint>();
  for (const part of text.slice(scheme[0].length).split("&")) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    // "amp;" is left over when a link was copied out of HTML source; ".1" numbers repeated keys.
    const key = part
      .slice(0, equals)
      .toLowerCase()
      .replace(/^amp;/, "")
      .replace(/\.\d+$/, "");
    const raw = part.slice(equals + 1);
    switch (key) {
      case "xt": {
        const topic = percentDecode(raw).trim();
        if (/^urn:btih:/i.test(topic)) v1 = sameOrFirst(v1, parseBtih(topic.slice(9)));
        else if (/^urn:btmh:/i.test(topic)) v2 = sameOrFirst(v2, parseBtmh(topic.slice(9)));
        break;
      }
      case "dn":
        name ??= plainText(percentDecode(raw.replaceAll("+", " "))) || null;
        break;
      case "tr":
        addUrl(trackers, percentDecode(raw), /^(?:https?|udp|wss?):\/\//i);
        break;
      case "ws":
        addUrl(webSeeds, percentDecode(raw), /^https?:\/\//i);
        break;
      case "xl":
        exactLength ??= parseLength(percentDecode(raw));
        break;
      case "x.pe": {
        if (++peersRead > MAX_ENTRIES) break;
        const peer = parsePeer(percentDecode(raw));
        if (peer !== null) peers.set(formatEndpoint(peer), peer);
        break;
      }
      case "so":
        selectOnly = [...(selectOnly ?? []), ...parseRanges(percentDecode(raw))];
        if (selectOnly.length > MAX_ENTRIES) throw selectionTooLong();
        break;
      default:
    }
  }
  if (v1 === null && v2 === null) throw broken("the link has no BitTorrent info-hash");
  return {
    infoHashes: { v1, v2 },
    name,
    trackers: [...trackers],
    webSeeds: [...webSeeds],
    peers: [...peers.values()],
    exactLength,
    selectOnly: selectOnly === null ? null : mergeRanges(selectOnly),
  };
}

/** Whether a file is among those that a link chooses; null chooses all. */
export function isSelected(selectOnly: Magnet["selectOnly"], file: FileIndex): boolean {
  return selectOnly === null || selectOnly.some(([from, to]) => file >= from && file <= to);
}

/** The link for a torrent: hashes in lower-case hex, `btih` before `btmh`; safe inside quotes of a shell. */
export function formatMagnet(magnet: Magnet): string {
  const { infoHashes } = magnet;
  const parts: string[] = [];
  if (infoHashes.v1 !== null) parts.push(`xt=urn:btih:${toHex(infoHashes.v1)}`);
  if (infoHashes.v2 !== null) parts.push(`xt=urn:btmh:${SHA256_MULTIHASH}${toHex(infoHashes.v2)}`);
  if (magnet.name !== null) parts.push(`dn=${percentEncode(magnet.name)}`);
  if (magnet.exactLength !== null) parts.push(`xl=${magnet.exactLength}`);
  for (const url of magnet.trackers) parts.push(`tr=${percentEncode(url)}`);
  for (const url of magnet.webSeeds) parts.push(`ws=${percentEncode(url)}`);
  // Many clients don't decode "x.pe", and neither ":" nor "[" means anything in a query.
  for (const peer of magnet.peers) parts.push(`x.pe=${formatEndpoint(peer)}`);
  if (magnet.selectOnly !== null) {
    parts.push(
      `so=${magnet.selectOnly.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(",")}`,
    );
  }
  return `magnet:?${parts.join("&")}`;
}

/**
 * A bare info-hash as people paste it: 40 hex or 32 base32 digits (v1), 64 hex digits with or without the "1220" in
 * front (v2). Null for anything else.
 */
export function parseInfoHash(text: string): InfoHashes | null {
  const digits = text.trim();
  try {
    if (digits.length === 64) return { v1: null, v2: fromHex(digits) };
    if (digits.length === 68) return { v1: null, v2: parseBtmh(digits) };
    return { v1: parseBtih(digits), v2: null };
  } catch {
    return null;
  }
}

function broken(message: string): ProtocolError {
  return new ProtocolError(message, {}, "ERR_MAGNET");
}

function parseBtih(digits: string): Uint8Array {
  if (/^[0-9a-f]{40}$/i.test(digits)) return fromHex(digits);
  if (/^[a-z2-7]{32}$/i.test(digits)) return base32ToBytes(digits);
  throw broken("the v1 hash (btih) is not 40 hex or 32 base32 digits");
}

function parseBtmh(digits: string): Uint8Array {
  if (!digits.startsWith(SHA256_MULTIHASH))
    throw broken('the v2 hash (btmh) is not a SHA-256 hash: "1220" is missing');
  if (!/^[0-9a-f]{68}$/i.test(digits)) throw broken('the v2 hash (btmh) is not "1220" and 64 hex digits');
  return fromHex(digits.slice(SHA256_MULTIHASH.length));
}

function sameOrFirst(known: Uint8Array | null, next: Uint8Array): Uint8Array {
  if (known !== null && !equalBytes(known, next)) throw broken("the link names two different torrents");
  return next;
}

function addUrl(urls: Set<string>, text: string, scheme: RegExp): void {
  const url = text.trim();
  if (urls.size < MAX_ENTRIES && scheme.test(url)) urls.add(url);
}

function parseLength(text: string): number | null {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

function parsePeer(text: string): Endpoint | null {
  try {
    return parseEndpoint(text.trim());
  } catch {
    return null;
  }
}

function parseRanges(text: string): [number, number][] {
  const items = text.split(",");
  if (items.length > MAX_ENTRIES) throw selectionTooLong();
  return items.map((item) => {
    const match = /^\s*(\d{1,10})(?:-(\d{1,10}))?\s*$/.exec(item);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (!(from <= to && to <= MAX_FILE_INDEX)) throw broken('the file selection (so) is not like "0,2,4-7"');
    return [from, to];
  });
}

function selectionTooLong(): ProtocolError {
  return broken("the file selection (so) is too long");
}

function mergeRanges(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** Decodes %XX to bytes and those as UTF-8; a "%" without two hex digits stands for itself. */
function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = utf8(text);
  const decoded = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const value = bytes[i] === 0x25 ? hexDigit(bytes[i + 1]) * 16 + hexDigit(bytes[i + 2]) : Number.NaN;
    if (Number.isNaN(value)) {
      decoded[length++] = bytes[i] as number;
    } else {
      decoded[length++] = value;
      i += 2;
    }
  }
  return utf8Text(decoded.subarray(0, length));
}

function hexDigit(code: number | undefined): number {
  return code === undefined ? Number.NaN : Number.parseInt(String.fromCharCode(code), 16);
}

function percentEncode(text: string): string {
  // Through UTF-8 and back, because encodeURIComponent throws on a lone surrogate.
  return encodeURIComponent(utf8Text(utf8(text))).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

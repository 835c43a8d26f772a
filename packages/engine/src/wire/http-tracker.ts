import {
  canonicalIp,
  decodeCompactPeers,
  endpointKey,
  formatIp,
  isBogon,
  type Endpoint,
} from "../base/address.ts";
import { toHex } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  MAX_ANSWER_PEERS,
  MAX_TRACKER_TEXT,
  type AnnounceAnswer,
  type AnnounceRequest,
  type ScrapeAnswer,
  type SwarmCounts,
} from "./announce.ts";
import { decodeBencodePrefix, type BencodeOptions, type BencodeValue } from "./bencode.ts";

const ANSWER_LIMITS: BencodeOptions = {
  maxBytes: 1_048_576,
  maxDepth: 8,
  maxTokens: 50_000,
  duplicates: "mark",
};
const MAX_TRACKER_ID = 256;
/** Info-hashes of one scrape: with more the URL is longer than servers like. */
export const MAX_HTTP_SCRAPE = 64;

/** The URL that tells a tracker `request`; a query that `url` already has (a passkey, for instance) is kept. */
export function announceUrl(url: string, request: AnnounceRequest): string {
  const [base = ""] = url.split("#", 1);
  const parameters = [
    `info_hash=${percentEncode(request.infoHash)}`,
    `peer_id=${percentEncode(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploaded}`,
    `downloaded=${request.downloaded}`,
    `left=${request.left}`,
    "compact=1",
    `numwant=${request.numWant}`,
    `key=${request.key.toString(16).padStart(8, "0").toUpperCase()}`,
  ];
  // As Azureus introduced it: some trackers give fitting peers to each other.
  if (request.obfuscation !== "none")
    parameters.push(request.obfuscation === "required" ? "requirecrypto=1" : "supportcrypto=1");
  if (request.event !== null) parameters.push(`event=${request.event}`);
  if (request.trackerId !== null) parameters.push(`trackerid=${encodeURIComponent(request.trackerId)}`);
  return base + (base.includes("?") ? "&" : "?") + parameters.join("&");
}

/**
 * The URL that asks for the counts of swarms, by info-hashes of 20 bytes; null when the tracker has none, which its name tells: the last part of the path
 * has to begin with "announce" (BEP 48).
 */
export function scrapeUrl(url: string, hashes: readonly Uint8Array[]): string | null {
  const [base = ""] = url.split("#", 1);
  const match = /^([^?]*\/)announce([^/?]*)(\?.*)?$/.exec(base);
  if (match === null) return null;
  const [, head, tail, query = ""] = match;
  const parameters = hashes.map((hash) => `info_hash=${percentEncode(hash)}`);
  return `${head}scrape${tail}${query}${query === "" ? "?" : "&"}${parameters.join("&")}`;
}

/** Reads the body of an answer to a scrape (BEP 48). Throws ProtocolError when it is not one. */
export function parseScrapeAnswer(body: Uint8Array): ScrapeAnswer {
  const root = decodeBencodePrefix(body, ANSWER_LIMITS);
  if (root.kind !== "dictionary") throw new ProtocolError("a tracker's answer is not a dictionary");
  const reason = text(root, "failure reason");
  if (reason !== null) return { ok: false, reason, retryMinutes: retryMinutes(root) };
  const counts = new Map<string, SwarmCounts>();
  for (const [key, entry] of root.get("files")?.asEntries() ?? []) {
    if (key.length !== 20 || entry.kind !== "dictionary" || counts.size >= MAX_HTTP_SCRAPE) continue;
    counts.set(toHex(key), {
      seeds: count(entry, "complete"),
      leechers: count(entry, "incomplete"),
      downloaded: count(entry, "downloaded"),
    });
  }
  return counts;
}

/** Reads the body of a tracker's answer (BEP 3, 7, 23, 24, 31). Throws ProtocolError when it is not one. */
export function parseAnnounceAnswer(body: Uint8Array): AnnounceAnswer {
  const root = decodeBencodePrefix(body, ANSWER_LIMITS);
  if (root.kind !== "dictionary") throw new ProtocolError("a tracker's answer is not a dictionary");
  const reason = text(root, "failure reason");
  if (reason !== null) return { ok: false, reason, retryMinutes: retryMinutes(root) };
  const trackerId = root.getText("tracker id");
  const externalIp = root.getBytes("external ip");
  return {
    ok: true,
    peers: peersOf(root),
    interval: seconds(root, "interval"),
    minInterval: seconds(root, "min interval"),
    trackerId: trackerId !== null && trackerId.length <= MAX_TRACKER_ID ? trackerId : null,
    warning: text(root, "warning message"),
    complete: count(root, "complete"),
    incomplete: count(root, "incomplete"),
    downloaded: count(root, "downloaded"),
    externalIp: externalIp?.length === 4 || externalIp?.length === 16 ? formatIp(externalIp) : null,
  };
}

/** `peers` may be compact or a list of dictionaries; `peers6` is compact (BEP 7). */
function peersOf(root: BencodeValue): Endpoint[] {
  const peers = root.get("peers");
  const compact = peers?.asBytes() ?? null;
  const compact6 = root.getBytes("peers6");
  const found = [
    ...(compact === null ? [] : decodeCompactPeers(compact, 4, MAX_ANSWER_PEERS)),
    ...(compact6 === null ? [] : decodeCompactPeers(compact6, 16, MAX_ANSWER_PEERS)),
    ...(peers?.asList() ?? []).slice(0, MAX_ANSWER_PEERS).flatMap(peerOf),
  ];
  const unique = new Map(found.map((peer) => [endpointKey(peer.host, peer.port), peer]));
  return [...unique.values()].slice(0, MAX_ANSWER_PEERS);
}

/** Host names are passed over: a tracker must not make us look up names. */
function peerOf(entry: BencodeValue): Endpoint[] {
  const host = canonicalIp(entry.getText("ip") ?? "");
  const port = entry.getNumber("port") ?? 0;
  return host === null || isBogon(host) || port < 1 || port > 65_535 ? [] : [{ host, port }];
}

function retryMinutes(root: BencodeValue): number | "never" | null {
  const value = root.get("retry in");
  const said = value?.asText() ?? null;
  if (said === "never") return "never";
  const minutes = value?.asNumber() ?? (said === null ? Number.NaN : Number.parseInt(said, 10));
  return Number.isSafeInteger(minutes) && minutes >= 0 ? minutes : null;
}

function text(root: BencodeValue, key: string): string | null {
  return root.getText(key)?.slice(0, MAX_TRACKER_TEXT) ?? null;
}

function seconds(root: BencodeValue, key: string): number | null {
  const value = root.getNumber(key);
  return value !== null && value > 0 ? value : null;
}

function count(root: BencodeValue, key: string): number | null {
  const value = root.getNumber(key);
  return value !== null && value >= 0 ? value : null;
}

/** Every byte but the unreserved ones of RFC 3986 as %XX. */
function percentEncode(bytes: Uint8Array): string {
  let encoded = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9._~-]/.test(character)
      ? character
      : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }
  return encoded;
}

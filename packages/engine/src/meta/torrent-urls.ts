import type { BencodeValue } from "../wire/bencode.ts";

const MAX_URLS = 1_000;
const MAX_URL = 8_192;
const TRACKER_SCHEME = /^(?:https?|udp|wss?):\/\/./i;
const WEB_SEED_SCHEME = /^https?:\/\/./i;

/** Whether a tracker of a torrent can have this URL. */
export function isTrackerUrl(url: string): boolean {
  return url.length <= MAX_URL && TRACKER_SCHEME.test(url);
}

/** Whether a web seed of a torrent can have this URL. */
export function isWebSeedUrl(url: string): boolean {
  return url.length <= MAX_URL && WEB_SEED_SCHEME.test(url);
}

/**
 * Tiers of a .torrent file: `announce-list` (BEP 12), or else `announce`. Unusable and repeated URLs are left out.
 */
export function readTrackers(root: BencodeValue): string[][] {
  const seen = new Set<string>();
  const tiers: string[][] = [];
  for (const tier of root.getList("announce-list") ?? []) {
    // Some creators write a flat list of URLs: then each is a tier.
    const urls = pick(tier.asList() ?? [tier], isTrackerUrl, seen);
    if (urls.length > 0) tiers.push(urls);
  }
  if (tiers.length > 0) return tiers;
  const announce = root.get("announce");
  const urls = announce === null ? [] : pick([announce], isTrackerUrl, seen);
  return urls.length > 0 ? [urls] : [];
}

/** `url-list` (BEP 19): one URL or a list. */
export function readWebSeeds(root: BencodeValue): string[] {
  const value = root.get("url-list");
  return value === null ? [] : pick(value.asList() ?? [value], isWebSeedUrl, new Set());
}

function pick(
  values: readonly BencodeValue[],
  usable: (url: string) => boolean,
  seen: Set<string>,
): string[] {
  const urls: string[] = [];
  for (const value of values) {
    const text = value.asText()?.trim() ?? "";
    if (!usable(text) || seen.size >= MAX_URLS) continue;
    const url = escapeUrl(text);
    if (seen.has(url)) continue;
    seen.add(url);
    urls.push(url);
  }
  return urls;
}

/** Escapes blanks and what is not ASCII; escapes that are there already stay as they are. */
function escapeUrl(url: string): string {
  return url.replace(/[^\u0021-\u007e]+/g, (part) => encodeURIComponent(part));
}

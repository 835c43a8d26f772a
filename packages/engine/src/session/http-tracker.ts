import { type Family, isPrivate, withoutBrackets } from "../base/address.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Http } from "../ports/http.ts";
import {
  type AnnounceAnswer,
  type AnnounceRefusal,
  type AnnounceRequest,
  NOT_UNDERSTOOD,
  refusal,
  type ScrapeAnswer,
} from "../wire/announce.ts";
import { announceUrl, parseAnnounceAnswer, parseScrapeAnswer, scrapeUrl } from "../wire/http-tracker.ts";

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 1_048_576;

export interface HttpTrackerOptions {
  readonly signal: AbortSignal;
  readonly family?: Family;
  /** A user named the URL, so it may be any on this machine and in its network. */
  readonly named: boolean;
}

/** One announce over HTTP(S). Throws ShoalError ERR_HTTP when no answer comes. */
export async function announceOverHttp(
  http: Http,
  url: URL,
  request: AnnounceRequest,
  options: HttpTrackerOptions,
): Promise<AnnounceAnswer> {
  return ask(http, url, announceUrl(url.href, request), parseAnnounceAnswer, options);
}

/** One scrape over HTTP(S), of at most `MAX_HTTP_SCRAPE` swarms; null when the tracker has none. Throws as `announceOverHttp`. */
export async function scrapeOverHttp(
  http: Http,
  url: URL,
  hashes: readonly Uint8Array[],
  options: HttpTrackerOptions,
): Promise<ScrapeAnswer | null> {
  const target = scrapeUrl(url.href, hashes);
  return target === null ? null : ask(http, url, target, parseScrapeAnswer, options);
}

async function ask<T extends object>(
  http: Http,
  url: URL,
  target: string,
  parse: (body: Uint8Array) => T | AnnounceRefusal,
  { named, ...options }: HttpTrackerOptions,
): Promise<T | AnnounceRefusal> {
  // A torrent from a stranger must not make us call other services of this machine and its network.
  const mayAskPrivate = (asked: URL): boolean => named || /announce|scrape/.test(asked.pathname);
  if (isHere(url.hostname) && !mayAskPrivate(url))
    return refusal("a private address with a URL that is not that of a tracker is asked only if you name it");
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES, mayAskPrivate };
  const response = await http.get(target, { ...options, ...limits });
  const good = response.status >= 200 && response.status < 300;
  try {
    const answer = parse(response.body);
    if (good || ("ok" in answer && answer.ok === false)) return answer;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (good) return refusal(NOT_UNDERSTOOD);
  }
  return refusal(`the tracker answers with status ${response.status}`);
}

function isHere(hostname: string): boolean {
  return isPrivate(withoutBrackets(hostname)) || hostname === "localhost";
}

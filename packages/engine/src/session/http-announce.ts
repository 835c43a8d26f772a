import { isLoopback } from "../base/address.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Http } from "../ports/http.ts";
import type { AnnounceAnswer, AnnounceRequest } from "../wire/announce.ts";
import { announceUrl, parseAnnounceAnswer } from "../wire/http-tracker.ts";

const MAX_ANSWER_BYTES = 1_048_576;

/** One announce over HTTP(S). Throws ShoalError ERR_HTTP when no answer comes. */
export async function announceOverHttp(
  http: Http,
  url: URL,
  request: AnnounceRequest,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<AnnounceAnswer> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if ((isLoopback(host) || host === "localhost") && !url.pathname.includes("announce")) {
    // A torrent from a stranger must not make us call other services of this machine.
    return refusal("the URL on this machine is not that of a tracker");
  }
  const response = await http.get(announceUrl(url.href, request), { ...options, maxBytes: MAX_ANSWER_BYTES });
  const good = response.status >= 200 && response.status < 300;
  try {
    const answer = parseAnnounceAnswer(response.body);
    if (good || !answer.ok) return answer;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (good) return refusal("the answer is not that of a tracker");
  }
  return refusal(`the tracker answers with status ${response.status}`);
}

function refusal(reason: string): AnnounceAnswer {
  return { ok: false, reason, retryMinutes: null };
}

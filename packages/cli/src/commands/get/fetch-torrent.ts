import { isIP } from "node:net";

import type { Context } from "../../context.ts";
import type { Http, HttpResponse } from "../../engine.ts";
import { CliError, interrupted } from "../../errors.ts";
import { isOffline } from "../../session.ts";
import { clean } from "../../ui/clean.ts";
import { MAX_TORRENT_BYTES } from "../torrent/source.ts";

const TIMEOUT_MS = 30_000;
const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_HOPS = 10;

/** What a web address led to: the bytes of a .torrent file, or a magnet link that the server sent us on to. */
export type Fetched = { readonly bytes: Uint8Array } | { readonly magnet: string };

/** Which way out there is: `network.host` and `network.proxy`. */
export interface Reach {
  readonly host: string | null;
  readonly proxy: string | null;
}

/** Downloads a .torrent file. Throws ERR_HTTP, or ERR_NOT_FOUND when the server has none there. */
export async function fetchTorrent(context: Context, url: string, reach: Reach): Promise<Fetched> {
  const shown = clean(url);
  if (!URL.canParse(url))
    throw new CliError("ERR_USAGE", `${shown} is not a web address`, "Copy it again, in quotes.");
  const { openHttp } = await context.engine();
  const http = openHttp({
    offline: isOffline(context),
    ...(reach.host === null ? {} : { host: reach.host }),
    ...(reach.proxy === null ? {} : { proxy: reach.proxy }),
  });
  try {
    let at = url;
    let response = await request(context, http, at, reach);
    for (let hops = 0; REDIRECTS.includes(response.status); hops++) {
      const target = response.headers.get("location") ?? "";
      if (/^magnet:/i.test(target)) return { magnet: target };
      if (hops === MAX_HOPS || !URL.canParse(target, at)) throw new Error("the server sends us in circles");
      at = new URL(target, at).href;
      response = await request(context, http, at, reach);
    }
    if (response.status < 200 || response.status > 299) {
      const gone = response.status === 404 || response.status === 410;
      throw new CliError(
        gone ? "ERR_NOT_FOUND" : "ERR_HTTP",
        `${shown} can't be fetched: the server answered ${response.status}`,
        gone ? "Check the address, or ask for a new link." : "Try again later.",
      );
    }
    return { bytes: response.body };
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (context.signal.aborted) throw interrupted(context.signal, `${shown} was not fetched.`);
    throw new CliError(
      "ERR_HTTP",
      `${shown} can't be fetched: ${error instanceof Error ? clean(error.message) : String(error)}`,
      "Check the address and the connection.",
      error,
    );
  } finally {
    http.close();
  }
}

/** One request; nothing is asked that would leave a computer kept to itself, wherever a server sends us. */
function request(context: Context, http: Http, url: string, { host }: Reach): Promise<HttpResponse> {
  const { hostname, protocol } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new Error(`the server sends us on to ${clean(protocol)}, which can't be followed`);
  }
  const offline = isOffline(context);
  if ((offline || (host !== null && isLoopbackName(host))) && !isLoopbackName(hostname)) {
    throw new CliError(
      "ERR_HTTP",
      `${clean(url)} can't be fetched: ${offline ? "SHOAL_OFFLINE is set" : "--host is of this computer alone"}, so nothing leaves this computer`,
      `${offline ? "Unset SHOAL_OFFLINE" : "Leave --host out"}, or name a file on this computer.`,
    );
  }
  return http.get(url, {
    signal: context.signal,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_TORRENT_BYTES,
    maxRedirects: 0,
  });
}

function isLoopbackName(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

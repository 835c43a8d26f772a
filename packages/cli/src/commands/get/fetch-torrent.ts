import { isIP } from "node:net";

import type { Context } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { isOffline } from "../../session.ts";
import { clean } from "../../ui/clean.ts";
import { MAX_TORRENT_BYTES } from "../torrent/source.ts";

const TIMEOUT_MS = 30_000;
const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_HOPS = 10;

/** What a web address led to: the bytes of a .torrent file, or a magnet link that the server sent us on to. */
export type Fetched = { readonly bytes: Uint8Array } | { readonly magnet: string };

/**
 * Downloads a .torrent file; `host`: the address of --host. Throws ERR_HTTP, or ERR_NOT_FOUND when the server has none there.
 */
export async function fetchTorrent(context: Context, url: string, host: string | null): Promise<Fetched> {
  const shown = clean(url);
  if (!URL.canParse(url))
    throw new CliError("ERR_USAGE", `${shown} is not a web address`, "Copy it again, in quotes.");
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    let at = url;
    let response = await request(context, at, host, signal);
    for (let hops = 0; REDIRECTS.includes(response.status); hops++) {
      const target = response.headers.get("location") ?? "";
      await response.body?.cancel();
      if (/^magnet:/i.test(target)) return { magnet: target };
      if (hops === MAX_HOPS || !URL.canParse(target, at)) throw new Error("the server sends us in circles");
      at = new URL(target, at).href;
      response = await request(context, at, host, signal);
    }
    if (!response.ok || response.body === null) {
      const gone = response.status === 404 || response.status === 410;
      throw new CliError(
        gone ? "ERR_NOT_FOUND" : "ERR_HTTP",
        `${shown} can't be fetched: the server answered ${response.status} ${clean(response.statusText)}`.trimEnd(),
        gone ? "Check the address, or ask for a new link." : "Try again later.",
      );
    }
    return { bytes: await readBody(response.body, shown) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      "ERR_HTTP",
      `${shown} can't be fetched: ${reason(error)}`,
      "Check the address and the connection.",
      error,
    );
  }
}

/** One request; nothing is asked that would leave a computer kept to itself, wherever a server sends us. */
async function request(
  context: Context,
  url: string,
  host: string | null,
  signal: AbortSignal,
): Promise<Response> {
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
  return fetch(url, { signal, redirect: "manual", headers: { accept: "application/x-bittorrent" } });
}

async function readBody(body: AsyncIterable<Uint8Array>, shown: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > MAX_TORRENT_BYTES) {
      throw new CliError("ERR_METAINFO", `${shown} is not a torrent: it is far too large for one`);
    }
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** fetch hides what happened in the cause of its error. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown }).code;
  if (error instanceof Error && error.name === "TimeoutError") return "no answer within 30 s";
  if (code === "ECONNREFUSED") return "nobody answers there";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its name is not known";
  return cause instanceof Error ? cause.message : String(cause);
}

function isLoopbackName(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

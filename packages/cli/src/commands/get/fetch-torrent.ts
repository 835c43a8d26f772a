import { isIP } from "node:net";

import type { Context } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { isOffline } from "../../session.ts";
import { clean } from "../../ui/clean.ts";
import { MAX_TORRENT_BYTES } from "../torrent/source.ts";

const TIMEOUT_MS = 30_000;

/** Downloads a .torrent file. Throws ERR_HTTP, or ERR_NOT_FOUND when the server has none there. */
export async function fetchTorrent(context: Context, url: string): Promise<Uint8Array> {
  const shown = clean(url);
  if (!URL.canParse(url))
    throw new CliError("ERR_USAGE", `${shown} is not a web address`, "Copy it again, in quotes.");
  const { hostname } = new URL(url);
  if (isOffline(context) && !isLoopbackName(hostname)) {
    throw new CliError(
      "ERR_HTTP",
      `${shown} can't be fetched: SHOAL_OFFLINE is set, so nothing leaves this computer`,
      "Unset SHOAL_OFFLINE, or name a file on this computer.",
    );
  }
  try {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const redirect = isOffline(context) ? "error" : "follow";
    const response = await fetch(url, { signal, redirect, headers: { accept: "application/x-bittorrent" } });
    if (!response.ok || response.body === null) {
      const gone = response.status === 404 || response.status === 410;
      throw new CliError(
        gone ? "ERR_NOT_FOUND" : "ERR_HTTP",
        `${shown} can't be fetched: the server answered ${response.status} ${clean(response.statusText)}`.trimEnd(),
        gone ? "Check the address, or ask for a new link." : "Try again later.",
      );
    }
    return await readBody(response.body, shown);
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

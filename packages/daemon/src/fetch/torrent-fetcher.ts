import { type Http, ShoalError } from "@shoal/engine";

/** Largest .torrent file that is fetched. */
const MAX_BYTES = 10_000_000;
const TIMEOUT_MS = 30_000;

/**
 * Fetches .torrent files from the web for others who name an address. They must not reach by it what only this machine can reach: addresses that are not
 * public are refused, also behind a redirect and whatever a name resolves to, unless the user allows them.
 */
export class TorrentFetcher {
  readonly #http: Http;
  readonly #allowsPrivate: () => boolean;
  readonly #ending: AbortController = new AbortController();

  constructor(http: Http, allowsPrivate: () => boolean) {
    this.#http = http;
    this.#allowsPrivate = allowsPrivate;
  }

  /** Contents of the file, or the link that the address leads to. Throws ShoalError ERR_HTTP. */
  async fetch(url: string): Promise<{ readonly torrentBytes: Uint8Array } | { readonly magnet: string }> {
    const { status, headers, body } = await this.#http.get(url, {
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      mayAskPrivate: () => this.#allowsPrivate(),
      signal: this.#ending.signal,
    });
    const location = headers.get("location") ?? "";
    if (status >= 300 && status < 400 && /^magnet:/i.test(location)) return { magnet: location };
    if (status !== 200)
      throw new ShoalError("ERR_HTTP", `${new URL(url).host} answered ${status} instead of a file`);
    return { torrentBytes: body };
  }

  close(): void {
    this.#ending.abort();
    this.#http.close();
  }
}

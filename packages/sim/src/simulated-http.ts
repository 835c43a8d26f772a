import {
  type Http,
  type HttpGetOptions,
  type HttpResponse,
  type Millis,
  ShoalError,
} from "@shoal/engine/composition";

/** What a server answers to the host at address `from`; null never answers. */
export type HttpServer = (url: URL, from: string) => Uint8Array | null;

/** Web servers by host name. A name without server answers every announce with no peers, and remembers it. */
export class SimulatedWeb {
  /** URLs that were asked for, in order. */
  readonly asked: URL[] = [];
  readonly #servers: Map<string, HttpServer> = new Map();
  readonly #at: (delayMs: Millis, callback: () => void) => void;

  constructor(at: (delayMs: Millis, callback: () => void) => void) {
    this.#at = at;
  }

  serve(host: string, server: HttpServer): void {
    this.#servers.set(host, server);
  }

  /** The web as the host at an address sees it. */
  client(from: string): Http {
    return { get: (url, options) => this.#get(new URL(url), from, options), close: () => undefined };
  }

  #get(url: URL, from: string, options: HttpGetOptions): Promise<HttpResponse> {
    this.asked.push(url);
    const server = this.#servers.get(url.hostname) ?? noPeers;
    const body = server(url, from);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        options.signal?.removeEventListener("abort", onAbort);
        reject(new ShoalError("ERR_HTTP", `${url.hostname} ${why}`));
      };
      const onAbort = (): void => fail("was not waited for");
      options.signal?.addEventListener("abort", onAbort);
      if (body === null) this.#at(options.timeoutMs, () => fail("does not answer"));
      else
        this.#at(0, () => {
          options.signal?.removeEventListener("abort", onAbort);
          resolve({ status: 200, headers: new Map(), body });
        });
    });
  }
}

function noPeers(): Uint8Array {
  return new TextEncoder().encode("d8:intervali1800e5:peers0:e");
}

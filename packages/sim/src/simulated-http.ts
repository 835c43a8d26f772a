import {
  type Http,
  type HttpGetOptions,
  type HttpHead,
  type HttpRange,
  type HttpResponse,
  type HttpSink,
  type HttpStream,
  type Millis,
  ShoalError,
} from "@shoal/engine/composition";

/** What a server answers to the host at address `from`; null never answers, "refused" takes no connection. */
export type HttpServer = (url: URL, from: string) => Uint8Array | null | "refused";

/** What a web server has to say to a request for bytes `from` up to `to`; null never answers. */
export type RangeServer = (
  url: URL,
  from: number,
  to: number,
) => (Omit<HttpHead, "url"> & { readonly body: Uint8Array; readonly bytesPerSecond: number }) | null;

/** Of a certificate, milliseconds since 1970. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

const PART_BYTES = 65_536;

/** Web servers by host name. A name without server answers every announce with no peers, and remembers it. */
export class SimulatedWeb {
  /** URLs that were asked for, in order. */
  readonly asked: URL[] = [];
  /** Requests under way. */
  readonly underWay: Set<URL> = new Set();
  readonly #servers: Map<string, HttpServer> = new Map();
  readonly #rangeServers: Map<string, RangeServer> = new Map();
  readonly #certificates: Map<string, Validity> = new Map();
  readonly #at: (delayMs: Millis, callback: () => void) => void;

  constructor(at: (delayMs: Millis, callback: () => void) => void) {
    this.#at = at;
  }

  /** `certificate`: for those who ask over HTTPS. */
  serve(host: string, server: HttpServer, certificate?: Validity): void {
    this.#servers.set(host, server);
    if (certificate !== undefined) this.#certificates.set(host, certificate);
  }

  serveRanges(host: string, server: RangeServer): void {
    this.#rangeServers.set(host, server);
  }

  /** The web as the host at an address sees it, at its time; nothing comes any more when its process is gone. */
  client(from: string, isAlive: () => boolean, wallTime: () => number): Http {
    const never = new Promise<never>(() => undefined);
    return {
      get: async (url, options) => {
        try {
          const target = new URL(url);
          this.#checkCertificate(target, wallTime());
          return await this.#get(target, from, options);
        } finally {
          if (!isAlive()) await never;
        }
      },
      families: () => Promise.resolve([]),
      stream: (url, range, sink) => this.#stream(new URL(url), range, sink),
      close: () => undefined,
    };
  }

  /** Throws ERR_HTTP, as Node's TLS would have it. */
  #checkCertificate({ protocol, hostname }: URL, now: number): void {
    const validity = this.#certificates.get(hostname);
    if (protocol !== "https:" || validity === undefined) return;
    const systemCode =
      now < validity.from ? "CERT_NOT_YET_VALID" : now > validity.to ? "CERT_HAS_EXPIRED" : null;
    if (systemCode !== null)
      throw new ShoalError("ERR_HTTP", `the certificate of ${hostname} is not valid now`, { systemCode });
  }

  #stream(url: URL, range: HttpRange, sink: HttpSink): HttpStream {
    const stream = new SimulatedStream(() => this.underWay.delete(url));
    this.asked.push(url);
    this.underWay.add(url);
    const answer = this.#rangeServers.get(url.hostname)?.(url, range.from, range.to) ?? null;
    const later = (delayMs: Millis, run: () => void): void => this.#at(delayMs, () => stream.go(run));
    if (answer === null) {
      const error = new ShoalError("ERR_HTTP", `no answer from ${url.host}`);
      later(range.headTimeoutMs, () => {
        stream.close();
        sink.onEnd(error);
      });
      return stream;
    }
    const { status, headers, body, bytesPerSecond } = answer;
    const send = (at: number): void => {
      const part = body.subarray(at, at + PART_BYTES);
      later((part.length / bytesPerSecond) * 1000, () => {
        if (part.length === 0) {
          stream.close();
          sink.onEnd(null);
          return;
        }
        sink.onData(part);
        send(at + part.length);
      });
    };
    later(0, () => {
      if (sink.onHead({ status, headers, url: url.href })) send(0);
      else stream.close();
    });
    return stream;
  }

  #get(url: URL, from: string, options: HttpGetOptions): Promise<HttpResponse> {
    this.asked.push(url);
    this.underWay.add(url);
    const server = this.#servers.get(url.hostname) ?? noPeers;
    const body = server(url, from);
    return new Promise<HttpResponse>((resolve, reject) => {
      const fail = (why: string): void => {
        options.signal?.removeEventListener("abort", onAbort);
        reject(new ShoalError("ERR_HTTP", `${url.hostname} ${why}`));
      };
      const onAbort = (): void => fail("was not waited for");
      options.signal?.addEventListener("abort", onAbort);
      if (body === null) this.#at(options.timeoutMs, () => fail("does not answer"));
      else if (body === "refused") this.#at(0, () => fail("refuses connections"));
      else
        this.#at(0, () => {
          options.signal?.removeEventListener("abort", onAbort);
          resolve({ status: 200, headers: new Map(), body });
        });
    }).finally(() => this.underWay.delete(url));
  }
}

/** One answer, at its speed; while it is paused it comes no farther. */
class SimulatedStream implements HttpStream {
  #closed = false;
  #paused = false;
  #whenResumed: (() => void) | null = null;
  readonly #onClosed: () => void;

  constructor(onClosed: () => void) {
    this.#onClosed = onClosed;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const next = this.#whenResumed;
    this.#whenResumed = null;
    next?.();
  }

  close(): void {
    this.#closed = true;
    this.#onClosed();
  }

  /** `run`, unless it was closed; later, when it is paused. */
  go(run: () => void): void {
    if (this.#closed) return;
    if (this.#paused) this.#whenResumed = run;
    else run();
  }
}

function noPeers(): Uint8Array {
  return new TextEncoder().encode("d8:intervali1800e5:peers0:e");
}

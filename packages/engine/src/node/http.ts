import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { canonicalIp, type Family, familyOf, withoutBrackets } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import { proxyName } from "../base/proxy.ts";
import type { Http, HttpGetOptions, HttpRange, HttpResponse, HttpSink, HttpStream } from "../ports/http.ts";
import { resolveHost } from "./dns.ts";
import { HttpAgents } from "./http-agents.ts";
import {
  type Answer,
  httpError,
  isHttpError,
  noAnswer,
  plainHeaders,
  ResponseStream,
} from "./http-stream.ts";
import type { NetPolicy } from "./net-policy.ts";
import { connectError, systemCode } from "./socket-error.ts";
import { tlsTrouble } from "./tls-trouble.ts";

const MAX_HEADER_BYTES = 16_384;
const MAX_REDIRECTS = 5;
const MAX_URL = 8_192;
/** What can't be followed further and is an answer all the same. */
const MAGNET = /^magnet:/i;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const COMPRESSED: Record<string, string> = { "accept-encoding": "gzip, deflate" };

/** How a request is made, and what it redirects to. */
interface Following {
  readonly maxRedirects: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly mayAskPrivate: (url: URL) => boolean;
  readonly family?: Family | undefined;
  readonly signal: AbortSignal;
}

/**
 * HTTP and HTTPS GET with hard limits on time, size (after decompression), headers and redirects. A request that starts at a
 * public address is not led to a private one by a redirect, and credentials of a URL go only to the host that it names.
 */
export class NodeHttp implements Http {
  readonly #policy: NetPolicy;
  readonly #userAgent: string;
  readonly #agents: HttpAgents;

  constructor(policy: NetPolicy, userAgent: string = "Shoal") {
    this.#policy = policy;
    this.#userAgent = userAgent;
    this.#agents = new HttpAgents(policy);
  }

  async get(url: string, options: HttpGetOptions): Promise<HttpResponse> {
    const name = parseUrl(url).host;
    const ending = new AbortController();
    const { signal } = ending;
    let late = false;
    // Not AbortSignal.timeout: that would stay until its time has come, long after the answer.
    const deadline = setTimeout(() => {
      late = true;
      ending.abort();
    }, options.timeoutMs);
    const cancel = (): void => ending.abort();
    options.signal?.addEventListener("abort", cancel, { once: true });
    if (options.signal?.aborted === true) cancel();
    try {
      const { maxRedirects = MAX_REDIRECTS, maxBytes, mayAskPrivate = () => true, family } = options;
      const how = { maxRedirects, headers: COMPRESSED, mayAskPrivate, family, signal };
      const { response } = await untilAborted(this.#follow(url, how), signal);
      return await readResponse(response, maxBytes, signal);
    } catch (error) {
      if (isHttpError(error)) throw error;
      if (options.signal?.aborted === true) throw httpError(`the request to ${name} was cancelled`, error);
      if (late) throw noAnswer(name, options.timeoutMs, error);
      throw httpError(this.#describe(error, parseUrl(url)), error);
    } finally {
      clearTimeout(deadline);
      options.signal?.removeEventListener("abort", cancel);
    }
  }

  stream(url: string, range: HttpRange, sink: HttpSink): HttpStream {
    const headers = { range: `bytes=${range.from}-${range.to - 1}`, "accept-encoding": "identity" };
    return new ResponseStream(sink, range.headTimeoutMs, url, (signal) =>
      this.#follow(url, { maxRedirects: MAX_REDIRECTS, headers, mayAskPrivate: hasNoQuery, signal }),
    );
  }

  async families(url: string): Promise<readonly Family[]> {
    const addresses = await resolveHost(parseUrl(url).hostname, this.#policy);
    return [...new Set(addresses.map(familyOf))];
  }

  /** Ends idle connections; requests under way go on. */
  close(): void {
    this.#agents.close();
  }

  /** Requests the URL and what it redirects to, until there is an answer. Throws ERR_HTTP, or what comes of the signal. */
  async #follow(url: string, how: Following): Promise<Answer> {
    let target = parseUrl(url);
    const name = target.host;
    // Null until the first request has been made: whether that went to a private address.
    let startedPrivate: boolean | null = null;
    for (let redirects = 0; ; redirects++) {
      let response: IncomingMessage;
      try {
        const addresses = await this.#addresses(target, startedPrivate === false, how);
        startedPrivate ??= addresses.some((address) => this.#policy.isPrivate(address));
        response = await this.#request(target, addresses, redirects === 0, how);
      } catch (error) {
        if (how.signal.aborted || isHttpError(error)) throw error;
        throw httpError(this.#describe(error, target), error);
      }
      const { location } = response.headers;
      const isFinal =
        how.maxRedirects === 0 || !REDIRECTS.has(response.statusCode ?? 0) || MAGNET.test(location ?? "");
      if (isFinal || location === undefined) return { response, url: target.href };
      response.on("error", () => {}).destroy();
      if (redirects >= how.maxRedirects) throw httpError(`${name} redirects too often`);
      target = redirectTarget(target, location);
    }
  }

  /** The addresses that the host of `target` may be reached at. A name is judged by its addresses, like the literals. */
  async #addresses(target: URL, publicOnly: boolean, how: Following): Promise<string[]> {
    const found = await resolveHost(target.hostname, this.#policy);
    const isOpen = (address: string): boolean => !this.#policy.isPrivate(address);
    const allowed = publicOnly ? found.filter(isOpen) : found;
    if (allowed.length === 0) throw httpError(`the server redirects to ${target.host}, a private address`);
    const trusted = how.mayAskPrivate(target) ? allowed : allowed.filter(isOpen);
    if (trusted.length === 0)
      throw httpError(`${target.host} is a private address, and this URL is asked only of public ones`);
    const { family } = how;
    const fitting =
      family === undefined ? trusted : trusted.filter((address) => familyOf(address) === family);
    if (fitting.length === 0) throw httpError(`${target.host} has no IPv${family} address`);
    return fitting;
  }

  /** `keep` allows a kept connection, and to keep this one. */
  #request(
    target: URL,
    addresses: readonly string[],
    keep: boolean,
    how: Following,
  ): Promise<IncomingMessage> {
    const { signal } = how;
    const secure = target.protocol === "https:";
    const options: RequestOptions = {
      method: "GET",
      protocol: target.protocol,
      hostname: withoutBrackets(target.hostname),
      port: portOf(target),
      path: this.#agents.pathOf(target),
      ...(target.username === "" && target.password === ""
        ? {}
        : { auth: `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}` }),
      headers: {
        "user-agent": this.#userAgent,
        accept: "*/*",
        ...how.headers,
        ...this.#agents.headersFor(target),
      },
      maxHeaderSize: MAX_HEADER_BYTES,
      // A kept connection was opened under other rules than a redirect is followed.
      agent: this.#agents.choose(secure, keep),
      lookup: fixedLookup(addresses),
      // Connections are kept by family.
      ...(how.family === undefined ? {} : { family: how.family }),
      signal,
    };
    return new Promise((resolve, reject) => {
      const request = secure ? httpsRequest(options) : httpRequest(options);
      let answered = false;
      request.on("response", (response) => {
        answered = true;
        const refusal = this.#agents.routeTo(target)?.refusal(response.statusCode ?? 0, target.host) ?? null;
        if (refusal === null) {
          resolve(response);
          return;
        }
        response.on("error", () => {}).destroy();
        reject(refusal);
      });
      // Stays for good: an error may follow the answer.
      request.on("error", (error) => {
        // The server may have ended a kept connection in the moment in which we used it.
        if (request.reusedSocket && !answered && !signal.aborted)
          resolve(this.#request(target, addresses, false, how));
        else reject(error);
      });
      request.end();
    });
  }

  #describe(error: unknown, target: URL): string {
    if (error instanceof ShoalError) return error.message;
    const route = this.#agents.routeTo(target);
    const failure = explained(error, target, route === null ? target.host : proxyName(route.proxy));
    if (failure !== null) return failure;
    const bare = withoutBrackets(target.hostname);
    const to = { host: canonicalIp(bare) ?? bare, port: portOf(target) };
    return route === null
      ? connectError(to, error).message
      : route.failure(connectError(route.proxy, error)).message;
  }
}

/** The answer, or an error as soon as the signal comes: a look-up of a name or a way through a proxy that has begun goes on. What comes then is dropped. */
function untilAborted(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    answer
      .then((found) => {
        if (signal.aborted) found.response.on("error", () => {}).destroy();
        else resolve(found);
      })
      .catch(reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Answers with addresses that were checked before, so that the check and the connection can't see different ones. */
function fixedLookup(addresses: readonly string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: familyOf(address) }));
  return (_name, options, callback) => {
    const [first] = entries;
    if (options.all === true) callback(null, entries);
    else callback(null, first!.address, first!.family);
  };
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

function hasNoQuery(url: URL): boolean {
  return url.search === "";
}

async function readResponse(
  response: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = decoded(response, maxBytes);
  const abort = (): void => {
    stream.destroy(new Error("aborted"));
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    for await (const part of stream as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      parts.push(part);
    }
  } finally {
    signal.removeEventListener("abort", abort);
    if (!response.complete) response.destroy();
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return { status: response.statusCode ?? 0, headers: plainHeaders(response), body };
}

/** The body without its compression. What is compressed counts as well: it may be endless and unfold to nothing. */
function decoded(response: IncomingMessage, maxBytes: number): Readable {
  const encoding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (encoding === "identity") return response;
  if (encoding !== "gzip" && encoding !== "x-gzip" && encoding !== "deflate") {
    response.destroy();
    throw httpError(`the answer has the unknown encoding ${encoding.slice(0, 40)}`);
  }
  const decoder = encoding === "deflate" ? createInflate() : createGunzip();
  let received = 0;
  response.on("data", (part: Uint8Array) => {
    received += part.length;
    if (received > maxBytes) decoder.destroy(tooLarge(maxBytes));
  });
  response.on("error", (error) => decoder.destroy(error));
  return response.pipe(decoder);
}

function parseUrl(url: string): URL {
  if (url.length > MAX_URL || !URL.canParse(url)) throw httpError("not a usable URL");
  const parsed = new URL(url);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw httpError(`${parsed.protocol} URLs are not supported`);
  }
  return parsed;
}

function redirectTarget(from: URL, location: string): URL {
  if (location.length > MAX_URL || !URL.canParse(location, from.href))
    throw httpError(`${from.host} redirects to nowhere`);
  const target = parseUrl(new URL(location, from).href);
  target.username = "";
  target.password = "";
  return target;
}

/** What is wrong with what `who` answers; null when it is something else. */
function explained(error: unknown, target: URL, who: string): string | null {
  const code = systemCode(error);
  if (code === "HPE_HEADER_OVERFLOW") return `${who} sends too large headers`;
  if (code.startsWith("HPE_") || code.startsWith("Z_")) return `${who} does not answer in HTTP`;
  return tlsTrouble(code, target.host);
}

function tooLarge(maxBytes: number): ShoalError {
  return httpError(`the answer is larger than ${maxBytes} bytes`);
}

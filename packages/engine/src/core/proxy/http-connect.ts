import { type Endpoint, formatEndpoint } from "../../base/address.ts";
import { concatBytes, latin1Text, utf8 } from "../../base/bytes.ts";
import { ShoalError } from "../../base/errors.ts";
import { type Proxy, proxyName } from "../../base/proxy.ts";
import { type HandshakeStep, lockedOut, NOTHING, type ProxyHandshake } from "./proxy-handshake.ts";

/** Of the head of an answer. */
const MAX_HEAD = 16_384;
/** "HTTP/1.1 200" */
const STATUS_BYTES = 12;
const NEWLINE = 10;
/** Status of RFC 9110, 15.5.8. */
export const PROXY_AUTHENTICATION_REQUIRED = 407;
const END_OF_HEAD = "\r\n\r\n";

/** Asks an HTTP proxy for a connection to `to` (RFC 9110, 9.3.6). */
export class HttpConnect implements ProxyHandshake {
  readonly #proxy: Proxy;
  readonly #to: string;
  #received: Uint8Array = new Uint8Array(0);

  constructor(proxy: Proxy, to: Endpoint) {
    this.#proxy = proxy;
    this.#to = formatEndpoint(to);
  }

  start(): Uint8Array {
    const authorization = proxyAuthorization(this.#proxy);
    const lines = [
      `CONNECT ${this.#to} HTTP/1.1`,
      `Host: ${this.#to}`,
      ...(authorization === null ? [] : [`Proxy-Authorization: ${authorization}`]),
    ];
    return utf8(`${lines.join("\r\n")}${END_OF_HEAD}`);
  }

  onBytes(bytes: Uint8Array): HandshakeStep {
    this.#received = concatBytes(this.#received, bytes.subarray(0, MAX_HEAD + 1));
    const total = this.#received.length;
    // Only the end of a line has news, once the first words were looked at.
    if (total - bytes.length > STATUS_BYTES && total <= MAX_HEAD && !bytes.includes(NEWLINE)) return NOTHING;
    const text = latin1Text(this.#received);
    const who = proxyName(this.#proxy);
    const match = /^HTTP\/1\.[01] (\d{3})/.exec(text);
    const isStart = match !== null || (text.length < STATUS_BYTES && "HTTP/1.".startsWith(text.slice(0, 7)));
    const end = text.indexOf(END_OF_HEAD);
    if (!isStart || (end === -1 && text.length > MAX_HEAD)) throw failed(`${who} does not speak HTTP`);
    if (match !== null && !match[1]!.startsWith("2")) throw failed(this.#refusal(who, Number(match[1])));
    if (end === -1) return NOTHING;
    // What was cut off above is beyond the head.
    const tail = bytes.subarray(Math.min(bytes.length, MAX_HEAD + 1));
    const rest = concatBytes(this.#received.subarray(end + END_OF_HEAD.length), tail);
    return { send: null, done: { bound: null, rest } };
  }

  #refusal(who: string, status: number): string {
    if (status === PROXY_AUTHENTICATION_REQUIRED) return lockedOut(this.#proxy);
    return `${who} can't connect to ${this.#to} (it answers ${status})`;
  }
}

/** The value of a Proxy-Authorization header (RFC 7617); null without credentials. */
export function proxyAuthorization({ credentials }: Proxy): string | null {
  if (credentials === null) return null;
  const bytes = utf8(`${credentials.username}:${credentials.password}`);
  return `Basic ${btoa(latin1Text(bytes))}`;
}

function failed(message: string): ShoalError {
  return new ShoalError("ERR_CONNECT", message, {});
}

import { ShoalError } from "../base/errors.ts";
import { type Proxy, proxyName } from "../base/proxy.ts";
import { HttpConnect, PROXY_AUTHENTICATION_REQUIRED } from "../core/proxy/http-connect.ts";
import { lockedOut, type ProxyHandshake } from "../core/proxy/proxy-handshake.ts";
import { Socks5Handshake } from "../core/proxy/socks5-handshake.ts";
import type { Endpoint } from "../ports/net.ts";

/** Names that are remembered. */
const MAX_NAMES = 4_096;
/** Addresses that stand for names come from 240.0.0.0/8, where nobody is (RFC 1112, section 4). */
const STAND_IN_NET = 240;

/** Status codes of RFC 9110, 15.6.3 and 15.6.5. */
const BAD_GATEWAY = 502;
const GATEWAY_TIMEOUT = 504;

/**
 * The way out through a proxy. The proxy looks names up, nobody else: for each there is an address that stands for it on this machine and means
 * nothing elsewhere.
 */
export class ProxyRoute {
  readonly proxy: Proxy;
  readonly #names: Map<string, string> = new Map();
  readonly #standIns: Map<string, string> = new Map();
  #next = 1;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  /** The address that stands for a host name. */
  standInFor(name: string): string {
    const key = name.toLowerCase();
    let standIn = this.#standIns.get(key);
    if (standIn === undefined) {
      const n = this.#next++ % 0xff_ffff;
      standIn = `${STAND_IN_NET}.${n >>> 16}.${(n >>> 8) & 0xff}.${n & 0xff}`;
      const [oldest] = this.#standIns;
      if (this.#standIns.size >= MAX_NAMES && oldest !== undefined) {
        this.#standIns.delete(oldest[0]);
        this.#names.delete(oldest[1]);
      }
      this.#standIns.set(key, standIn);
      this.#names.set(standIn, key);
    }
    return standIn;
  }

  /** Whether the address stands for a name, now or formerly. */
  isStandIn(host: string): boolean {
    return host.startsWith(`${STAND_IN_NET}.`);
  }

  /** The endpoint as the proxy is to be told of it. Throws ERR_CONNECT when the name was forgotten. */
  told({ host, port }: Endpoint): Endpoint {
    if (!this.isStandIn(host)) return { host, port };
    const name = this.#names.get(host);
    if (name === undefined)
      throw new ShoalError("ERR_CONNECT", `the name of ${host} was forgotten`, { host });
    return { host: name, port };
  }

  /** The conversation that leads to `to`. Throws ERR_CONNECT. */
  handshakeTo(to: Endpoint): ProxyHandshake {
    const told = this.told(to);
    return this.proxy.kind === "socks5"
      ? new Socks5Handshake(this.proxy, "CONNECT", told)
      : new HttpConnect(this.proxy, told);
  }

  /** Why the proxy gives us nothing of `host`, by the status that it answers to a request for something there; null when it does. */
  refusal(status: number, host: string): ShoalError | null {
    const message =
      status === PROXY_AUTHENTICATION_REQUIRED
        ? lockedOut(this.proxy)
        : status === BAD_GATEWAY || status === GATEWAY_TIMEOUT
          ? `${proxyName(this.proxy)} has no answer from ${host} (it says ${status})`
          : null;
    return message === null ? null : new ShoalError("ERR_CONNECT", message, {});
  }

  /** Why the proxy can't be used; `error` is null when it hung up. */
  failure(error: ShoalError | null): ShoalError {
    if (error === null) return new ShoalError("ERR_CONNECT", `${proxyName(this.proxy)} hangs up`, {});
    const { systemCode } = error.details;
    const silent =
      systemCode === "ETIMEDOUT" || systemCode === "ECONNREFUSED" || systemCode === "EHOSTUNREACH";
    const message = silent
      ? `${proxyName(this.proxy)} does not answer`
      : `${proxyName(this.proxy)} can't be used: ${error.message}`;
    return new ShoalError("ERR_CONNECT", message, error.details, error);
  }
}

import { endpointKey, type Family, familyOf } from "../base/address.ts";
import { ShoalError, validOrNull } from "../base/errors.ts";
import { proxyName } from "../base/proxy.ts";
import { Socks5Handshake } from "../core/proxy/socks5-handshake.ts";
import type { Endpoint } from "../ports/net.ts";
import type { UdpSocket } from "../ports/udp.ts";
import { decodeSocksPacket, encodeSocksPacket } from "../wire/socks5.ts";
import { connectProxy } from "./connect-proxy.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openUdp } from "./open-udp.ts";
import { passThrough } from "./pass-through.ts";
import type { ProxyRoute } from "./proxy-route.ts";

/** Endpoints that we sent to and remember, to know the answers of others. */
const MAX_KNOWN = 2_048;
/** Between two attempts to have datagrams passed on again. */
const RETRY_MS = 10_000;
const ANYWHERE: Endpoint = { host: "0.0.0.0", port: 0 };

/** What a SOCKS5 proxy passes on for us, while the connection lasts over which it was asked to. */
interface Association {
  readonly socket: UdpSocket;
  readonly relay: Endpoint;
}

/** Datagrams by way of a SOCKS5 proxy (RFC 1928, section 7). Nothing goes another way: what the proxy does not take is lost. */
export class SocksUdp implements UdpSocket {
  readonly #route: ProxyRoute;
  readonly #policy: NetPolicy;
  readonly #family: Family;
  readonly #onPacket: (bytes: Uint8Array, from: Endpoint) => void;
  readonly #known: Set<string> = new Set();
  /** By port: addresses that stand for names and were sent to. */
  readonly #standIns: Map<number, Set<string>> = new Map();
  #association: Association | null = null;
  #nextTry: number = 0;
  readonly #ending: AbortController = new AbortController();

  private constructor(
    route: ProxyRoute,
    policy: NetPolicy,
    family: Family,
    onPacket: (bytes: Uint8Array, from: Endpoint) => void,
  ) {
    this.#route = route;
    this.#policy = policy;
    this.#family = family;
    this.#onPacket = onPacket;
  }

  /** Throws ERR_LISTEN when the proxy does not answer, or passes on no datagrams, or the signal came before. */
  static async open(
    family: Family,
    route: ProxyRoute,
    policy: NetPolicy,
    onPacket: (bytes: Uint8Array, from: Endpoint) => void,
    signal?: AbortSignal,
  ): Promise<SocksUdp> {
    const socket = new SocksUdp(route, policy, family, onPacket);
    const cancel = (): void => socket.close();
    signal?.addEventListener("abort", cancel);
    try {
      await socket.#associate();
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      throw new ShoalError("ERR_LISTEN", error.message, {}, error);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
    return socket;
  }

  /** Nobody reaches us there: only the proxy knows where it sends from. */
  get endpoint(): Endpoint {
    return { host: this.#family === 6 ? "::" : "0.0.0.0", port: 0 };
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (
      this.#ending.signal.aborted ||
      familyOf(to.host) !== this.#family ||
      this.#policy.refusal(to.host) !== null
    )
      return;
    if (this.#association === null) {
      this.#tryAgain();
      return;
    }
    this.#remember(to);
    try {
      const { socket, relay } = this.#association;
      socket.send(encodeSocksPacket(this.#route.told(to), bytes), relay);
    } catch (error) {
      // A name that was forgotten or is too long: lost, as datagrams are.
      if (!(error instanceof ShoalError)) throw error;
    }
  }

  close(): void {
    this.#ending.abort();
    this.#association?.socket.close();
    this.#association = null;
  }

  async #associate(): Promise<void> {
    const control = await connectProxy(this.#route, this.#policy, this.#ending.signal);
    const handshake = new Socks5Handshake(this.#route.proxy, "UDP_ASSOCIATE", ANYWHERE);
    const { bound } = await passThrough(control, handshake, proxyName(this.#route.proxy));
    const proxyHost = control.remoteAddress?.replace(/^::ffff:/i, "") ?? "";
    // Most say "here" in place of an address.
    const isHere = bound === null || /^(?:0\.0\.0\.0|::)$/.test(bound.host);
    const relay = { host: isHere ? proxyHost : bound.host, port: bound?.port ?? 0 };
    const socket = await openUdp(
      familyOf(relay.host),
      0,
      this.#policy,
      (bytes, from) => {
        if (from.host === relay.host && from.port === relay.port) this.#onDatagram(bytes);
      },
      (host) => this.#policy.refusalOfServer(host),
    );
    const association = { socket, relay };
    control.on("error", () => {});
    control.on("close", () => {
      socket.close();
      if (this.#association === association) this.#association = null;
    });
    control.resume();
    if (control.destroyed) {
      socket.close();
      return;
    }
    this.#association = association;
  }

  #tryAgain(): void {
    const now = performance.now();
    if (now < this.#nextTry) return;
    this.#nextTry = now + RETRY_MS;
    // Until then datagrams are lost.
    this.#associate().catch(() => {});
  }

  #onDatagram(packet: Uint8Array): void {
    const datagram = validOrNull(() => decodeSocksPacket(packet));
    if (datagram === null || this.#policy.refusal(datagram.from.host) !== null) return;
    const { from } = datagram;
    const bytes = datagram.data.slice();
    if (this.#known.has(endpointKey(from.host, from.port))) {
      this.#onPacket(bytes, from);
      return;
    }
    // The proxy alone knows which name the address belongs to: whoever asked knows its answers by their content.
    const names = this.#standIns.get(from.port);
    if (names === undefined) this.#onPacket(bytes, from);
    for (const host of names ?? []) this.#onPacket(bytes, { host, port: from.port });
  }

  #remember({ host, port }: Endpoint): void {
    if (this.#route.isStandIn(host)) {
      const names = this.#standIns.get(port) ?? new Set();
      if (this.#standIns.size < MAX_KNOWN) this.#standIns.set(port, names);
      if (names.size < 64) names.add(host);
      return;
    }
    const key = endpointKey(host, port);
    this.#known.delete(key);
    this.#known.add(key);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest!);
  }
}

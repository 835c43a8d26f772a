import type { Socket } from "node:dgram";
import { request as httpRequest } from "node:http";
import { networkInterfaces } from "node:os";
import { withoutZone, withoutBrackets, isLinkLocal } from "../base/address.ts";
import type { Route } from "../base/route.ts";
import type { RouterCall, RouterLink, RouterListener, RouterReply } from "../ports/routers.ts";
import { GATEWAY_NEWS, GATEWAY_PORT } from "../wire/port-mapping.ts";
import { SSDP_GROUPS } from "../wire/ssdp.ts";
import { bindUdp } from "./bind-udp.ts";
import { mapped } from "./device-binding.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openSocket } from "./open-socket.ts";

const CALL_TIMEOUT_MS = 3_000;
const MAX_HEADER_BYTES = 16_384;
/** Routers this far are found: UPnP Device Architecture 2.0, 1.3.2. */
const SEARCH_TTL = 2;

/** See `RouterLink`. Everything leaves from our address of the route. */
export class NodeRouterLink implements RouterLink {
  readonly #route: Route;
  readonly #policy: NetPolicy;
  /** Our sockets are of IPv6 then, see device-binding.ts. */
  readonly #isTied: boolean;
  readonly #socket: Socket;
  /** "%eth0" after addresses that each network has. */
  readonly #zone: string;
  /** Hears when the router has begun anew; null where that can't be had. */
  #news: Socket | null = null;
  readonly #closing: AbortController = new AbortController();

  private constructor(route: Route, device: string | null, policy: NetPolicy, socket: Socket) {
    this.#route = route;
    this.#policy = policy;
    this.#isTied = policy.bindingOf(route.family).device !== null;
    this.#socket = socket;
    this.#zone = zoneOf(device, route.local);
    try {
      socket.setMulticastTTL(SEARCH_TTL);
      socket.setMulticastInterface(route.family === 4 ? route.local : `::${this.#zone}`);
    } catch {
      // No multicast on this interface: then nobody is found by it.
    }
  }

  /** `device`: the interface that has our address of the route. Throws ERR_LISTEN and ERR_PORT_IN_USE. */
  static async open(
    route: Route,
    device: string | null,
    policy: NetPolicy,
    listener: RouterListener,
  ): Promise<NodeRouterLink> {
    const { family, local } = route;
    let link: NodeRouterLink | null = null;
    const socket = await bindUdp(
      { family, address: local, port: 0, shared: false, device: policy.bindingOf(family).device },
      (bytes, { host, port }) => {
        if (link?.isOpen !== true) return;
        const from = withoutZone(host);
        if (port === GATEWAY_PORT && from === route.gateway) listener.onGatewayPacket(bytes);
        else listener.onSearchAnswer(bytes, from);
      },
    );
    link = new NodeRouterLink(route, device, policy, socket);
    if (family === 4 && route.gateway !== null) await link.#listenForNews(listener);
    return link;
  }

  async #listenForNews(listener: RouterListener): Promise<void> {
    const { gateway, local } = this.#route;
    const binding = { family: 4, address: "0.0.0.0", port: GATEWAY_NEWS.port, shared: true } as const;
    try {
      const news = await bindUdp(binding, (bytes, { host, port }) => {
        if (this.isOpen && host === gateway && port === GATEWAY_PORT) listener.onGatewayPacket(bytes);
      });
      this.#news = news;
      news.addMembership(GATEWAY_NEWS.host, local);
    } catch {
      // Another program has the port for itself: the next renewal will tell.
    }
  }

  get isOpen(): boolean {
    return !this.#closing.signal.aborted;
  }

  sendToGateway(packet: Uint8Array): void {
    if (this.#route.gateway !== null) this.#send(packet, GATEWAY_PORT, this.#zoned(this.#route.gateway));
  }

  search(packet: Uint8Array): void {
    const { host, port } = SSDP_GROUPS[this.#route.family];
    this.#send(packet, port, host + this.#zone);
  }

  call({ method, url, headers, body, maxBytes }: RouterCall): Promise<RouterReply> {
    const target = new URL(url);
    const host = withoutBrackets(target.hostname);
    const port = target.port === "" ? 80 : Number(target.port);
    return new Promise((resolve) => {
      const parts: Uint8Array[] = [];
      let length = 0;
      const request = httpRequest({
        method,
        host: this.#zoned(host),
        port,
        path: target.pathname + target.search,
        headers: {
          ...headers,
          host: target.host,
          ...(body === null ? {} : { "content-length": body.length }),
        },
        // Node asks for this connection only without an agent, which "agent: false" is not.
        ...(this.#isTied
          ? { createConnection: () => openSocket({ host: this.#zoned(host), port }, this.#policy) }
          : { localAddress: this.#route.local, agent: false }),
        maxHeaderSize: MAX_HEADER_BYTES,
        signal: this.#closing.signal,
      });
      const end = (reply: RouterReply): void => {
        clearTimeout(timer);
        resolve(reply);
        request.destroy();
      };
      const timer = setTimeout(() => end(null), CALL_TIMEOUT_MS);
      request.on("error", () => end(null));
      request.on("response", (response) => {
        response.on("error", () => end(null));
        response.on("data", (part: Uint8Array) => {
          length += part.length;
          if (length > maxBytes) end(null);
          else parts.push(part);
        });
        response.on("end", () =>
          end({ status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(parts)) }),
        );
      });
      request.end(body ?? undefined);
    });
  }

  close(): void {
    if (!this.isOpen) return;
    this.#closing.abort();
    this.#news?.close();
    this.#socket.close();
  }

  #send(packet: Uint8Array, port: number, host: string): void {
    if (this.isOpen) this.#socket.send(packet, port, this.#isTied ? mapped(host) : host, () => {});
  }

  #zoned(host: string): string {
    return isLinkLocal(host) ? host + this.#zone : host;
  }
}

/** Windows wants the number of an interface, others its name. */
function zoneOf(device: string | null, local: string): string {
  if (device === null || !local.includes(":")) return "";
  if (process.platform !== "win32") return `%${device}`;
  const entry = networkInterfaces()[device]?.find(({ family }) => family === "IPv6");
  return entry?.family === "IPv6" ? `%${entry.scopeid}` : "";
}

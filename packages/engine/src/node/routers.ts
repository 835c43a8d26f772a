import { createSocket } from "node:dgram";
import { canonicalIp, type Family, familyOf, isBogon, isLoopback, isPrivate } from "../base/address.ts";
import type { Route } from "../base/route.ts";
import type { RouterLink, RouterListener, Routers } from "../ports/routers.ts";
import { defaultGateways } from "./default-gateways.ts";
import { LocalAddresses } from "./local-addresses.ts";
import type { NetPolicy } from "./net-policy.ts";
import { NodeRouterLink } from "./router-link.ts";

/** Addresses on the far side of any router. Nothing is sent to them. */
const FAR = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;

/** The routers of this machine, within the bounds of a policy. */
export class NodeRouters implements Routers {
  readonly #policy: NetPolicy;
  readonly #local: LocalAddresses = new LocalAddresses();

  constructor(policy: NetPolicy) {
    this.#policy = policy;
  }

  async routes(): Promise<readonly Route[]> {
    if (this.#policy.loopbackOnly || this.#policy.obstacle !== null) return [];
    const found = await Promise.all([this.#route(4), this.#route(6)]);
    return found.filter((route) => route !== null);
  }

  open(route: Route, listener: RouterListener): Promise<RouterLink> {
    return NodeRouterLink.open(route, this.#local.deviceOf(route.local), this.#policy, listener);
  }

  async #route(family: Family): Promise<Route | null> {
    const local = await this.#localAddress(family);
    if (local === null || isLoopback(local) || isBogon(local)) return null;
    // Nobody outside can send to others.
    if (family === 6 && isPrivate(local)) return null;
    const device = this.#local.deviceOf(local);
    const gateways = await defaultGateways(family);
    const ours = gateways.find((entry) =>
      entry.device === null ? entry.local === local : entry.device === device,
    );
    return { family, gateway: ours?.gateway ?? null, local };
  }

  /** The address that packets of ours to the outside come from. */
  async #localAddress(family: Family): Promise<string | null> {
    const { bindHost, device } = this.#policy;
    if (bindHost !== null) return familyOf(bindHost) === family ? bindHost : null;
    if (device !== null) return this.#local.of(device).find((own) => canBeReached(own, family)) ?? null;
    return sourceAddress(family);
  }
}

/** What the system would send from; null without a way out. */
function sourceAddress(family: Family): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: family === 6 ? "udp6" : "udp4", ipv6Only: family === 6 });
    const end = (address: string | null): void => {
      socket.close();
      resolve(address);
    };
    socket.once("error", () => end(null));
    // Connecting a datagram socket sends nothing: it only chooses a route.
    socket.connect(9, FAR[family], () => end(canonicalIp(socket.address().address)));
  });
}

/** Whether a router can lead others to the address. */
function canBeReached(address: string, family: Family): boolean {
  return familyOf(address) === family && (family === 4 || !isPrivate(address));
}

import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { canonicalIp, type Family, familyOf, isBogon, isLoopback, isPrivate } from "../base/address.ts";
import type { Route } from "../base/route.ts";
import type { RouterLink, RouterListener, Routers } from "../ports/routers.ts";
import { defaultGateways } from "./default-gateways.ts";
import type { NetPolicy } from "./net-policy.ts";
import { NodeRouterLink } from "./router-link.ts";

/** Addresses on the far side of any router. Nothing is sent to them. */
const FAR = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;

/** The routers of this machine, within the bounds of a policy. */
export class NodeRouters implements Routers {
  readonly #policy: NetPolicy;

  constructor(policy: NetPolicy) {
    this.#policy = policy;
  }

  async routes(): Promise<readonly Route[]> {
    if (this.#policy.loopbackOnly || this.#policy.obstacle !== null) return [];
    const found = await Promise.all([this.#route(4), this.#route(6)]);
    return found.filter((route) => route !== null);
  }

  open(route: Route, listener: RouterListener): Promise<RouterLink> {
    return NodeRouterLink.open(route, deviceOf(route.local), this.#policy, listener);
  }

  async #route(family: Family): Promise<Route | null> {
    const local = await this.#localAddress(family);
    if (local === null || isLoopback(local) || isBogon(local)) return null;
    // Nobody outside can send to others.
    if (family === 6 && isPrivate(local)) return null;
    const device = deviceOf(local);
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
    if (device !== null) return addressesOf(device, family)[0] ?? null;
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

/** Name of the interface that has the address. */
function deviceOf(address: string): string | null {
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    if (entries?.some((entry) => canonicalIp(entry.address) === address) === true) return name;
  }
  return null;
}

/** Addresses of an interface that a router can lead others to. */
function addressesOf(device: string, family: Family): string[] {
  return (networkInterfaces()[device] ?? [])
    .map(({ address }) => canonicalIp(address))
    .filter((address) => address !== null)
    .filter((address) => familyOf(address) === family && (family === 4 || !isPrivate(address)));
}

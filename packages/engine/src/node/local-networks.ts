import { networkInterfaces } from "node:os";
import {
  canonicalIp,
  type Family,
  familyOf,
  formatIp,
  isLinkLocal,
  isPrivate,
  parseIp,
  withoutZone,
} from "../base/address.ts";
import { deviceOf } from "./local-addresses.ts";
import type { NetPolicy } from "./net-policy.ts";

/** Interfaces that are spoken to at most: machines with many containers have hundreds. */
const MAX_INTERFACES = 32;

interface Subnet {
  readonly address: Uint8Array;
  readonly prefix: number;
}

/** The networks that this machine is in, as far as the policy lets us use them. */
export class LocalNetworks {
  /** Our own in these networks, without those that need a zone. */
  readonly addresses: readonly string[];
  /** What Node takes for a multicast interface: an IPv4 address, or "::%eth0". */
  readonly interfaces: readonly string[];
  readonly #policy: NetPolicy;
  readonly #subnets: readonly Subnet[];

  /** Looks at the machine's interfaces. */
  constructor(family: Family, policy: NetPolicy) {
    this.#policy = policy;
    const interfaces: Set<string> = new Set();
    const subnets: Subnet[] = [];
    for (const { name, address, scope, prefix } of usable(family, policy)) {
      if (interfaces.size >= MAX_INTERFACES) break;
      interfaces.add(family === 4 ? address : `::%${process.platform === "win32" ? scope : name}`);
      subnets.push({ address: parseIp(address)!, prefix });
    }
    this.interfaces = [...interfaces];
    this.addresses = subnets
      .map(({ address }) => formatIp(address))
      .filter((address) => family === 4 || !isLinkLocal(address));
    this.#subnets = subnets;
  }

  /** Whether a packet from the address may have come from a neighbour. */
  isNeighbour(host: string): boolean {
    if (this.#policy.refusal(host) !== null) return false;
    const bare = withoutZone(host);
    const bytes = parseIp(bare);
    if (bytes === null) return false;
    if (this.#subnets.some((subnet) => contains(subnet, bytes))) return true;
    // A packet meant for another interface can reach a socket that is bound to one address.
    const { bindHost, device } = this.#policy;
    return bindHost === null && device === null && isPrivate(bare);
  }
}

interface Usable {
  readonly name: string;
  readonly address: string;
  readonly scope: number;
  readonly prefix: number;
  readonly internal: boolean;
}

/** What we are bound to; else the interfaces that lead to others; else the loopback interface, for others on this machine. */
function usable(family: Family, policy: NetPolicy): Usable[] {
  const all: Usable[] = [];
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    for (const entry of entries ?? []) {
      const address = canonicalIp(entry.address);
      if (address === null || familyOf(address) !== family) continue;
      const prefix = Number(entry.cidr?.split("/")[1] ?? (family === 6 ? 64 : 24));
      const scope = entry.family === "IPv6" ? entry.scopeid : 0;
      all.push({ name, address, scope, prefix, internal: entry.internal });
    }
  }
  const allowed = all.filter(({ name, address, internal }) => {
    if (policy.device !== null) return deviceOf(name) === policy.device;
    return policy.bindHost === null ? !policy.loopbackOnly || internal : address === policy.bindHost;
  });
  const external = allowed.filter(({ internal }) => !internal);
  return external.length > 0 ? external : allowed;
}

function contains({ address, prefix }: Subnet, other: Uint8Array): boolean {
  if (address.length !== other.length) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const mask = 0xff & (0xff00 >> Math.min(8, prefix - bit));
    if (((address[bit / 8]! ^ other[bit / 8]!) & mask) !== 0) return false;
  }
  return true;
}

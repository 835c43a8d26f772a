import { networkInterfaces } from "node:os";
import type { GivenAddress } from "@shoal/schema";

/** What decides where others reach us. */
export interface AddressFacts {
  readonly port: number;
  /** What the listener is bound to; a wildcard for everything. */
  readonly host: string;
  /** Nothing is to leave this computer. */
  readonly isKept: boolean;
  /** As others see us; null while unknown. */
  readonly external: { readonly v4: string | null; readonly v6: string | null };
  /** Ports that a router has opened for us, by family; ours where it has not. */
  readonly externalPorts: { readonly v4: number; readonly v6: number };
  /** Of the interfaces of this computer. */
  readonly own: readonly { readonly address: string; readonly isInternal: boolean }[];
}

/** Addresses to give to others, those first that reach farthest. */
export function addressesToGive(facts: AddressFacts): GivenAddress[] {
  const { port, host, isKept, external, externalPorts } = facts;
  const isAll = host === "::" || host === "0.0.0.0";
  const bound = facts.own.filter(({ address }) => isAll || address === host);
  const usable = bound.filter(({ address, isInternal }) => !isLinkLocal(address) && isInternal === isKept);
  const given: GivenAddress[] = usable.map(({ address }) => ({
    address: withPort(address, port),
    reach: isKept ? "computer" : isPrivate(address) ? "network" : "everybody",
  }));
  if (!isKept) {
    if (external.v4 !== null)
      given.push({ address: withPort(external.v4, externalPorts.v4), reach: "everybody" });
    if (external.v6 !== null)
      given.push({ address: withPort(external.v6, externalPorts.v6), reach: "everybody" });
  }
  const unique = [...new Map(given.map((one) => [one.address, one])).values()];
  return unique.toSorted((a, b) => REACH.indexOf(b.reach) - REACH.indexOf(a.reach));
}

const REACH: readonly GivenAddress["reach"][] = ["computer", "network", "everybody"];

/** Addresses of this computer's interfaces. */
export function ownAddresses(): AddressFacts["own"] {
  return Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).map(({ address, internal }) => ({ address, isInternal: internal })),
  );
}

function withPort(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function isLinkLocal(address: string): boolean {
  return /^(169\.254\.|fe[89ab])/i.test(address);
}

function isPrivate(address: string): boolean {
  return /^(10\.|127\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|::1$)/i.test(
    address,
  );
}

import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { canonicalIp, isLoopback, isPrivate } from "../base/address.ts";

/** What the outside world may be asked for, and from which address. */
export interface NetPolicyOptions {
  /** Address literal that every socket is bound to; absent means all of the machine's. */
  readonly bindHost?: string | undefined;
  /** Nothing leaves the machine. Implied when `bindHost` is an address of the machine's loopback interface. */
  readonly loopbackOnly?: boolean | undefined;
}

/** Shortest time between two looks at the machine's interfaces. */
const REFRESH_MS = 1000;

/** Decides which addresses the sockets of one session may talk to. Shared by TCP, UDP, HTTP and name look-ups. */
export class NetPolicy {
  readonly bindHost: string | null;
  readonly loopbackOnly: boolean;
  #local: ReadonlySet<string> = new Set();
  #readAt: number = Number.NEGATIVE_INFINITY;

  constructor(options: NetPolicyOptions = {}) {
    const host = options.bindHost === "localhost" ? "127.0.0.1" : options.bindHost;
    const bindHost = host === undefined ? null : (canonicalIp(host) ?? host);
    this.bindHost = bindHost === "::" || bindHost === "0.0.0.0" ? null : bindHost;
    this.loopbackOnly =
      options.loopbackOnly === true || (this.bindHost !== null && this.isOnThisMachine(this.bindHost));
  }

  /** Whether what is sent to the address stays here: 127/8, ::1, or any address of the loopback interface. */
  isOnThisMachine(host: string): boolean {
    if (isLoopback(host)) return true;
    if (this.#local.has(host)) return true;
    const now = performance.now();
    if (now - this.#readAt < REFRESH_MS) return false;
    this.#readAt = now;
    this.#local = loopbackAddresses();
    return this.#local.has(host);
  }

  /** Whether strangers must not make us ask something of the address: it is in this machine's or its network's trust. */
  isPrivate(host: string): boolean {
    return isPrivate(host) || this.isOnThisMachine(host);
  }

  /** Why the address (a canonical literal) may not be talked to, in one clause; null when it may. */
  refusal(host: string): string | null {
    if (this.loopbackOnly && !this.isOnThisMachine(host)) {
      return `${host} is not on this machine, and Shoal is kept to it`;
    }
    if (this.bindHost !== null && isIPv6(this.bindHost) !== isIPv6(host)) {
      return `${host} can't be reached from ${this.bindHost}`;
    }
    return null;
  }
}

function loopbackAddresses(): Set<string> {
  const found = new Set<string>();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const entry of addresses ?? []) {
      if (entry.internal) found.add(canonicalIp(entry.address) ?? entry.address);
    }
  }
  return found;
}

import { isIP } from "node:net";
import {
  canonicalIp,
  type Family,
  familyOf,
  isLoopback,
  isPrivate,
  withoutBrackets,
} from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { IpFilter } from "../base/ip-filter.ts";
import type { Proxy } from "../base/proxy.ts";
import { BindingWatch } from "./binding-watch.ts";
import { canTie, isSound } from "./device-binding.ts";
import { NameCache } from "./name-cache.ts";
import { ProxyRoute } from "./proxy-route.ts";
import { interfaceIndex, LocalAddresses } from "./local-addresses.ts";

/** What the outside world may be asked for, and from which address. */
export interface NetPolicyOptions {
  /** Address literal that every socket is bound to, or name of the interface that all go through; absent means all of the machine's. */
  readonly bindHost?: string | undefined;
  /** Nothing leaves the machine. Implied when `bindHost` is an address or the name of the machine's loopback interface. */
  readonly loopbackOnly?: boolean | undefined;
  /** Addresses that nothing is sent to and nothing is taken from. */
  readonly ipFilter?: IpFilter | undefined;
  /** All that goes out goes through it, and nothing else. */
  readonly proxy?: Proxy | undefined;
}

/** What a socket is bound to before it is used. */
export interface Binding {
  /** Canonical literal; null leaves the choice to the system. */
  readonly address: string | null;
  /** Interface that it is tied to, see device-binding.ts. */
  readonly device: string | null;
}

const UNBOUND: Binding = { address: null, device: null };

/** Decides which addresses the sockets of one session may talk to, and from where. Shared by TCP, UDP, HTTP and name look-ups. */
export class NetPolicy {
  /** Address that all sockets are bound to; null when that is no single one. */
  readonly bindHost: string | null;
  /** Interface that all sockets go through; null when none was named. */
  readonly device: string | null;
  /** Address to listen on where that is not the one above; null for all. */
  readonly listenHost: string | null;
  readonly loopbackOnly: boolean;
  /** The way that everything goes out; null for the direct one. */
  readonly proxy: ProxyRoute | null;
  readonly #ipFilter: IpFilter | null;
  readonly #watch: BindingWatch = new BindingWatch(() => this.#wayOut());
  readonly #local: LocalAddresses = new LocalAddresses();
  /** What is known of host names. */
  readonly names: NameCache = new NameCache();
  /** The interface that was last proved to hold what is tied to it. */
  #proved: string | null = null;

  /** Throws ERR_INVALID_ARGUMENT for what can't be bound to at any time. */
  constructor(options: NetPolicyOptions = {}) {
    this.proxy = options.proxy === undefined ? null : new ProxyRoute(options.proxy);
    this.#ipFilter = options.ipFilter ?? null;
    const given = options.bindHost === undefined ? null : withoutBrackets(options.bindHost);
    const host = given === "localhost" ? "127.0.0.1" : given;
    const bindHost = host === null ? null : (canonicalIp(host) ?? host);
    const isName = bindHost !== null && isIP(bindHost) === 0;
    const isInternalName = isName && this.#local.of(bindHost).some((own) => this.#local.isInternal(own));
    if (isName && !canNameInterface(bindHost)) {
      const message = `${bindHost} is neither an address nor the name of a network interface`;
      throw new ShoalError("ERR_INVALID_ARGUMENT", message);
    }
    this.listenHost = isName ? null : bindHost;
    this.device = isName && !isInternalName ? bindHost : null;
    this.bindHost = isName || bindHost === "::" || bindHost === "0.0.0.0" ? null : bindHost;
    this.loopbackOnly =
      options.loopbackOnly === true ||
      isInternalName ||
      (this.bindHost !== null && this.isOnThisMachine(this.bindHost));
  }

  /** Whether an address or interface was chosen that may come and go: nothing may go out by another. */
  get isBound(): boolean {
    return !this.loopbackOnly && (this.device !== null || this.bindHost !== null);
  }

  /** Why nothing can be reached at present, in one clause; null when all is well. It may change within a second. */
  get obstacle(): string | null {
    if (!this.isBound) return null;
    if (this.device === null) {
      const isHere = this.#local.deviceOf(this.bindHost!) !== null;
      return isHere ? null : `waits for address ${this.bindHost}, which this machine does not have now`;
    }
    if (this.#local.of(this.device).length === 0) return `waits for interface ${this.device}`;
    if (canTie() && !this.#holds(this.device)) {
      return `this system can't keep connections to interface ${this.device}; name its address instead`;
    }
    return null;
  }

  /** An address of the interface that was named; null when it is not there, or none was named. */
  get deviceAddress(): string | null {
    return this.device === null ? null : (this.#local.of(this.device)[0] ?? null);
  }

  /**
   * Calls `listener` within a second after the address or interface that we are bound to has come, gone, or become another, until the returned
   * function is called. Costs nothing when we are bound to nothing.
   */
  watch(listener: () => void): () => void {
    return this.isBound ? this.#watch.subscribe(listener) : () => {};
  }

  /** Whether what is sent to the address stays here: 127/8, ::1, or any address of the loopback interface. */
  isOnThisMachine(host: string): boolean {
    return isLoopback(host) || this.#local.isInternal(host);
  }

  /** Whether strangers must not make us ask something of the address: it is in this machine's or its network's trust. */
  isPrivate(host: string): boolean {
    return isPrivate(host) || this.isOnThisMachine(host);
  }

  /** Whether the address is one that a list of the user's blocks. */
  isBlocked(host: string): boolean {
    return this.#ipFilter?.blocks(host) === true;
  }

  /** Why the address (a canonical literal) may not be talked to, in one clause; null when it may. */
  refusal(host: string): string | null {
    if (this.isBlocked(host)) return `${host} is blocked by the IP filter`;
    return this.#refusal(host, this.proxy === null);
  }

  /** The same for the servers that we rely on, such as the proxy and name servers: lists of peers to block say nothing of them. */
  refusalOfServer(host: string): string | null {
    return this.#refusal(host, true);
  }

  #refusal(host: string, isDirect: boolean): string | null {
    if (this.loopbackOnly && !this.isOnThisMachine(host)) {
      return `${host} is not on this machine, and Shoal is kept to it`;
    }
    if (isDirect && this.bindHost !== null && familyOf(this.bindHost) !== familyOf(host)) {
      return `${host} can't be reached from ${this.bindHost}`;
    }
    return this.isBound && !this.isOnThisMachine(host) ? this.obstacle : null;
  }

  /** What a socket that talks to `host` (a canonical literal that is not refused) is bound to. */
  bindingTo(host: string): Binding {
    // What goes to this machine leaves by no interface.
    if (this.isBound && this.isOnThisMachine(host)) return UNBOUND;
    return this.bindingOf(familyOf(host));
  }

  /** What a socket of a family that waits for others is bound to. */
  bindingOf(family: Family): Binding {
    const { bindHost } = this;
    if (!this.isBound) return bindHost === null ? UNBOUND : { address: bindHost, device: null };
    if (this.device !== null) {
      if (canTie()) return { address: null, device: this.device };
      const own = this.#local.of(this.device).find((address) => familyOf(address) === family);
      // Without such an address the family has no way out: an address that is none of ours keeps the socket closed.
      return { address: own ?? (family === 6 ? "100::" : "192.0.2.0"), device: null };
    }
    const device = this.#local.deviceOf(bindHost!);
    return { address: bindHost, device: device !== null && this.#holds(device) ? device : null };
  }

  #wayOut(): string {
    const { obstacle } = this;
    if (obstacle !== null) return obstacle;
    const device = this.device ?? this.#local.deviceOf(this.bindHost!) ?? "";
    return `${device} ${interfaceIndex(device)}`;
  }

  /** Whether the interface holds what is tied to it; found out once for each. */
  #holds(device: string): boolean {
    if (this.#proved === device) return true;
    if (!canTie() || !isSound(device)) return false;
    this.#proved = device;
    return true;
  }
}

/** Most is allowed elsewhere than on Linux, where the kernel has limits (dev_valid_name); what looks like an address was meant as one. */
function canNameInterface(name: string): boolean {
  if (name === "" || /^[\d.]+$/.test(name)) return false;
  return process.platform !== "linux" || (name.length <= 15 && !/[\s/:]/.test(name));
}

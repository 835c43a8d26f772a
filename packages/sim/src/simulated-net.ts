import type { Rng } from "@shoal/engine/composition";
import type { EventQueue } from "./event-queue.ts";
import { type HostFinder, NetHost } from "./net-host.ts";
import { IDEAL_LINK, type LinkSpec } from "./uplink.ts";

/** A network in which every address is reachable from every other. */
export class SimulatedNet implements HostFinder {
  readonly spoilsBuffers: boolean;
  readonly #queue: EventQueue;
  readonly #rng: Rng;
  readonly #hosts: Map<string, NetHost> = new Map();

  constructor(queue: EventQueue, rng: Rng, options: { readonly spoilsBuffers: boolean }) {
    this.#queue = queue;
    this.#rng = rng;
    this.spoilsBuffers = options.spoilsBuffers;
  }

  /** A new machine at these addresses; one that was there before has gone. */
  host(addresses: readonly string[], link: LinkSpec = IDEAL_LINK): NetHost {
    const host = new NetHost(this, this.#queue, this.#rng, addresses, link);
    for (const address of addresses) this.#hosts.set(address, host);
    return host;
  }

  /** The machine at an address; an ideal one when there was none. */
  from(address: string): NetHost {
    return this.#hosts.get(address) ?? this.host([address]);
  }

  find(address: string): NetHost | undefined {
    return this.#hosts.get(address);
  }
}

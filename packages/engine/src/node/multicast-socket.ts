import type { Socket } from "node:dgram";
import type { Family } from "../base/address.ts";
import type { Endpoint } from "../ports/net.ts";
import type { MulticastSpec, UdpSocket } from "../ports/udp.ts";
import { bindUdp } from "./bind-udp.ts";
import { LocalNetworks } from "./local-networks.ts";
import type { NetPolicy } from "./net-policy.ts";

/** Node tells nobody of interfaces that come and go: they are looked at this often. */
const LOOK_MS = 15_000;
/** Datagrams that wait to be sent; more are lost. */
const MAX_WAITING = 16;

export interface MulticastBinding extends MulticastSpec {
  readonly family: Family;
  readonly port: number;
}

/** See `MulticastSpec`. */
export class MulticastSocket implements UdpSocket {
  readonly endpoint: Endpoint;
  readonly #spec: MulticastBinding;
  readonly #policy: NetPolicy;
  readonly #socket: Socket;
  /** Sends: the same socket, or one that has the address we are bound to. */
  readonly #sender: Socket;
  readonly #timer: NodeJS.Timeout;
  #networks: LocalNetworks;
  #waiting = 0;
  #lastSend: Promise<void> = Promise.resolve();
  #open = true;

  private constructor(
    spec: MulticastBinding,
    policy: NetPolicy,
    networks: LocalNetworks,
    socket: Socket,
    sender: Socket,
  ) {
    this.#spec = spec;
    this.#policy = policy;
    this.#networks = networks;
    this.#socket = socket;
    this.#sender = sender;
    const bound = socket.address();
    this.endpoint = { host: bound.address, port: bound.port };
    // What stays on this machine goes through no network at all.
    sender.setMulticastTTL(policy.loopbackOnly ? 0 : hopsOf(spec.group));
    sender.setMulticastLoopback(true);
    this.#join();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  static async open(
    spec: MulticastBinding,
    policy: NetPolicy,
    onPacket: (bytes: Uint8Array, from: Endpoint) => void,
  ): Promise<MulticastSocket> {
    const { family, port } = spec;
    const networks = new LocalNetworks(family, policy);
    let opened: MulticastSocket | null = null;
    // Bound to an address of its own it would get nothing that is sent to the group.
    const any = family === 6 ? "::" : "0.0.0.0";
    const socket = await bindUdp({ family, address: any, port, shared: true }, (bytes, from) => {
      if (opened?.isFrom(from.host) === true) onPacket(bytes, from);
    });
    try {
      // With IPv4 the interface says which address packets come from.
      const sender =
        family === 6 && policy.bindHost !== null
          ? await bindUdp({ family, address: policy.bindHost, port: 0, shared: false }, () => {})
          : socket;
      opened = new MulticastSocket(spec, policy, networks, socket, sender);
      return opened;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Whether packets from there are taken. */
  isFrom(host: string): boolean {
    return this.#open && this.#networks.isNeighbour(host);
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#waiting >= MAX_WAITING) return;
    if (to.host !== this.#spec.group) {
      if (this.#open && this.isFrom(to.host)) this.#socket.send(bytes, to.port, to.host, () => {});
      return;
    }
    this.#waiting++;
    // The interface is a state of the socket: one datagram is gone before the next one changes it.
    this.#lastSend = this.#lastSend.then(() => this.#sendOnAll(bytes, to)).finally(() => this.#waiting--);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    // What was sent before still goes out: it may be a good-bye.
    void this.#lastSend.finally(() => {
      this.#socket.close();
      if (this.#sender !== this.#socket) this.#sender.close();
    });
  }

  async #sendOnAll(bytes: Uint8Array, { host, port }: Endpoint): Promise<void> {
    for (const via of this.#networks.interfaces) {
      try {
        this.#sender.setMulticastInterface(via);
      } catch {
        // It has gone since we looked. Sent nevertheless, the packet would leave by another one.
        continue;
      }
      await new Promise<void>((resolve) => this.#sender.send(bytes, port, host, () => resolve()));
    }
  }

  #look(): void {
    const before = this.#networks.interfaces.join();
    this.#networks = new LocalNetworks(this.#spec.family, this.#policy);
    // Also when nothing seems to have changed: an interface may have been replaced by one of the same name.
    this.#join();
    if (this.#networks.interfaces.join() !== before) this.#spec.onNetworksChanged();
  }

  #join(): void {
    for (const via of this.#networks.interfaces) {
      try {
        this.#socket.addMembership(this.#spec.group, via);
      } catch {
        // Joined before, or an interface without multicast.
      }
    }
  }
}

/** Groups of one link are forwarded by nobody, and multicast DNS wants to see that a packet was not (RFC 6762, 11). */
function hopsOf(group: string): number {
  return /^(?:224\.0\.0\.|ff02:)/.test(group) ? 255 : 1;
}

import type { Family } from "../base/address.ts";
import type { Endpoint } from "./net.ts";

export interface UdpSocket {
  /** Where it is bound. */
  readonly endpoint: Endpoint;
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): void;
}

export interface UdpSpec {
  readonly family: Family;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly multicast?: MulticastSpec;
  /** Ends the opening, which may take long where a proxy is silent: it throws ERR_LISTEN then. */
  readonly signal?: AbortSignal;
}

/**
 * A socket for one multicast group, on every interface that we may use, later ones too. Other programs may have the same port. What is sent
 * to the group goes out on all these interfaces and no further than the local network; only what comes from there arrives.
 */
export interface MulticastSpec {
  /** Address literal. */
  readonly group: string;
  /** The machine's interfaces or their addresses are others than before. */
  onNetworksChanged(): void;
}

export interface Udp {
  /**
   * Binds a socket. `onPacket` gets a buffer that it may keep. Throws ERR_LISTEN when the machine, or the address we are bound to, is not of
   * the family, and ERR_PORT_IN_USE.
   */
  open(spec: UdpSpec, onPacket: (bytes: Uint8Array, from: Endpoint) => void): Promise<UdpSocket>;
}

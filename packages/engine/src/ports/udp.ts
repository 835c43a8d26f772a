import type { Endpoint } from "./net.ts";

export interface UdpSocket {
  /** Where it is bound. */
  readonly endpoint: Endpoint;
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): void;
}

export interface UdpSpec {
  readonly family: 4 | 6;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface Udp {
  /**
   * Binds a socket. `onPacket` gets a buffer that it may keep. Throws ERR_LISTEN when the machine, or the address we are bound to, is not of
   * the family, and ERR_PORT_IN_USE.
   */
  open(spec: UdpSpec, onPacket: (bytes: Uint8Array, from: Endpoint) => void): Promise<UdpSocket>;
}

import type { Endpoint } from "./net.ts";

export interface UdpSocket {
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): void;
}

export interface Udp {
  /** Binds a socket on a port that the system chooses. `onPacket` gets a buffer that it may keep. */
  open(family: 4 | 6, onPacket: (bytes: Uint8Array, from: Endpoint) => void): Promise<UdpSocket>;
}

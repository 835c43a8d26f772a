import { FAMILIES, type Family, familyOf } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Log } from "../ports/log.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Udp, UdpSocket } from "../ports/udp.ts";

/** A protocol between peers over UDP: told from the others by the first byte of each datagram. */
export interface DatagramProtocol {
  owns(firstByte: number): boolean;
  onDatagram(bytes: Uint8Array, from: Endpoint): void;
}

/** The UDP sockets of a session, one for each address family, on the port of its TCP listener: all protocols between peers share them. */
export class PeerSockets {
  readonly #udp: Udp;
  readonly #log: Log;
  readonly #protocols: DatagramProtocol[] = [];
  readonly #sockets: Map<Family, UdpSocket> = new Map();
  #port = 0;
  readonly #ending: AbortController = new AbortController();
  readonly #opening: Set<Family> = new Set();

  constructor(udp: Udp, log: Log) {
    this.#udp = udp;
    this.#log = log;
  }

  register(protocol: DatagramProtocol): void {
    this.#protocols.push(protocol);
  }

  /** `port`: the preferred one; where it is taken the system chooses another. Families that this machine lacks are done without. */
  async open(port: number): Promise<void> {
    this.#port = port;
    await this.reopen();
  }

  /** Tries again to have what could not be had. It may take long where a proxy has to be asked. */
  async reopen(): Promise<void> {
    const missing = FAMILIES.filter((family) => !this.#sockets.has(family) && !this.#opening.has(family));
    await Promise.all(missing.map((family) => this.#openFamily(family)));
  }

  has(family: Family): boolean {
    return this.#sockets.has(family);
  }

  /** Where others reach us; 0 while there is no socket of the family, and where nobody can. */
  port(family: Family): number {
    return this.#sockets.get(family)?.endpoint.port ?? 0;
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.#sockets.get(familyOf(to.host))?.send(bytes, to);
  }

  close(): void {
    this.#ending.abort();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  async #openFamily(family: Family): Promise<void> {
    this.#opening.add(family);
    try {
      const socket = await this.#bind(family);
      if (this.#ending.signal.aborted) socket.close();
      else this.#sockets.set(family, socket);
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.#log.debug("UDP is not available", { family, reason: error.message });
    } finally {
      this.#opening.delete(family);
    }
  }

  async #bind(family: Family): Promise<UdpSocket> {
    const onPacket = (bytes: Uint8Array, from: Endpoint): void => this.#onPacket(bytes, from);
    const { signal } = this.#ending;
    try {
      return await this.#udp.open({ family, port: this.#port, signal }, onPacket);
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== "ERR_PORT_IN_USE") throw error;
      this.#log.info("The UDP port is taken, another one is used", { family, port: this.#port });
      return this.#udp.open({ family, port: 0, signal }, onPacket);
    }
  }

  #onPacket(bytes: Uint8Array, from: Endpoint): void {
    const first = bytes[0];
    if (first === undefined || this.#ending.signal.aborted) return;
    this.#protocols.find((protocol) => protocol.owns(first))?.onDatagram(bytes, from);
  }
}

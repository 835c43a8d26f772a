import { EventEmitter } from "node:events";
import multicastDns from "multicast-dns";
import type { Family } from "../base/address.ts";
import { readU16 } from "../base/bytes.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { MdnsLink, MdnsListener } from "../core/dns-sd/mdns-link.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Udp, UdpSocket } from "../ports/udp.ts";
import { MDNS_GROUPS, MDNS_PORT, type MdnsMessage } from "../wire/mdns-message.ts";
import { fromPacket, toPacket } from "./mdns-packet.ts";

/** Longest packet (RFC 6762, 17), and entries that one may claim to have before it is read. */
const MAX_BYTES = 9_000;
const MAX_ENTRIES = 100;
/** Packets of others that are read per second, and at once; more are passed over. Names in them can refer to each other, which makes work. */
const READ_PER_SECOND = 50;
const READ_BURST = 200;
const HEADER_BYTES = 12;

/**
 * Multicast DNS on one family. Packets are read and written by multicast-dns; the sockets are ours, for its own speak on one interface and
 * know nothing of what the session may talk to.
 */
export class NodeMdns implements MdnsLink {
  readonly #mdns: multicastDns.MulticastDns;
  #underWay = 0;
  #isClosing = false;

  private constructor(family: Family, socket: UdpSocket, inlet: EventEmitter, listener: MdnsListener) {
    const outlet = Object.assign(inlet, {
      send: (
        bytes: Uint8Array,
        start: number,
        length: number,
        port: number,
        host: string,
        done: () => void,
      ): void => {
        socket.send(bytes.subarray(start, start + length), { host, port });
        done();
      },
      close: (): void => socket.close(),
    });
    this.#mdns = multicastDns({
      socket: outlet,
      multicast: false,
      bind: false,
      ip: MDNS_GROUPS[family],
      port: MDNS_PORT,
    });
    this.#mdns.on("packet", (packet: unknown, from: Endpoint) =>
      listener.onMessage(fromPacket(packet), from),
    );
    // What can't be read is nobody's fault here.
    this.#mdns.on("warning", () => {});
  }

  /** Throws ERR_LISTEN and ERR_PORT_IN_USE. */
  static async open(udp: Udp, family: Family, listener: MdnsListener): Promise<NodeMdns> {
    const inlet = new EventEmitter();
    const reads = new TokenBucket(READ_PER_SECOND, READ_BURST, performance.now());
    const socket = await udp.open(
      {
        family,
        port: MDNS_PORT,
        multicast: { group: MDNS_GROUPS[family], onNetworksChanged: () => listener.onNetworksChanged() },
      },
      (bytes, from) => {
        if (isReadable(bytes) && reads.take(1, performance.now()))
          inlet.emit("message", Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), from);
      },
    );
    return new NodeMdns(family, socket, inlet, listener);
  }

  send(message: MdnsMessage, to?: Endpoint): void {
    const packet = toPacket(message, to !== undefined);
    this.#underWay++;
    this.#mdns.send(packet, to === undefined ? null : { address: to.host, port: to.port }, () => {
      this.#underWay--;
      if (this.#isClosing) this.close();
    });
  }

  close(): void {
    this.#isClosing = true;
    // It forgets what it has not sent yet.
    if (this.#underWay === 0) this.#mdns.destroy();
  }
}

/** The library makes room for as many entries as the head of a packet says. */
function isReadable(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_BYTES) return false;
  return readU16(bytes, 4) + readU16(bytes, 6) + readU16(bytes, 8) + readU16(bytes, 10) <= MAX_ENTRIES;
}

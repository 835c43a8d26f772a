import type { Endpoint } from "../../base/address.ts";
import type { MdnsMessage } from "../../wire/mdns-message.ts";

/** Hears what comes by multicast DNS; only so many messages per second are handed on. */
export interface MdnsListener {
  onMessage(message: MdnsMessage, from: Endpoint): void;
  onNetworksChanged(): void;
}

/** Multicast DNS on one address family. */
export interface MdnsLink {
  /** To all, or to one that speaks only ordinary DNS. */
  send(message: MdnsMessage, to?: Endpoint): void;
  /** What was sent before still goes out. */
  close(): void;
}

import type { Endpoint } from "../ports/net.ts";

/** What torrents and their peers have to do with the DHT besides seeking: they tell each other of nodes (BEP 5). */
export interface DhtContact {
  /** UDP port of our node for those who have an address like `host`; 0 when there is none of its family. */
  portFor(host: string): number;
  /** Somebody says that there is a node, maybe by name: it is asked before it is believed. */
  addNode(endpoint: Endpoint): void;
}

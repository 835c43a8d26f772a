import type { Family } from "../base/address.ts";
import type { FinderFacts } from "../core/explain.ts";
import type { PeerSource } from "../core/swarm/peer-list.ts";
import type { Endpoint } from "../ports/net.ts";

/** A torrent whose peers are sought, and to whom it is offered. Functions are asked anew each time. */
export interface Sought {
  /** The 20-byte names in hex: one, or two for a hybrid. A second one may come later. */
  names(): readonly string[];
  /** TCP port on which peers reach us; 0 when they can't: then we ask, and tell nobody of us. */
  port(family: Family): number;
  /** The same within the local network. */
  localPort(): number;
  /** We have everything (BEP 33 tells seeds apart): nobody waits for what is found. */
  isSeed(): boolean;
  /** May be told the same peer again and again. `name`: the one of `names` under which they were found. */
  onPeers(peers: readonly Endpoint[], source: PeerSource, name: string): void;
}

/** How far the search for one torrent has come, for people who watch: in the present or last round. */
export interface FinderProgress extends FinderFacts {
  /** Peers that were found in all. */
  readonly peers: number;
}

/** The search for the peers of one torrent, and the offer of it, until `stop`. There are thousands of these: they have to be small. */
export interface Seeking {
  progress(): FinderProgress;
  /** Looks again as soon as manners allow: somebody waits, or there is something new to tell. */
  soon(): void;
  /** No more calls of `onPeers`. */
  stop(): void;
}

/** A way of finding peers that needs no tracker: the DHT, the local network. Never used for private torrents (BEP 27). */
export interface PeerFinder {
  /**
   * Once, when the session listens. `port`: of the TCP listener, to be shared by UDP; 0 when there is none. What can't be had on this machine is
   * logged and done without.
   */
  open(port: number): Promise<void>;
  /** `gently`: nobody waits, it takes turns with all others that are begun so. `onPeers` is not called before this returns. */
  seek(sought: Sought, how: { readonly gently?: boolean }): Seeking;
  close(): Promise<void>;
}

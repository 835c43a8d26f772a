import type { Millis } from "../../base/brand.ts";
import type { Endpoint, Family } from "../../base/address.ts";

/** What a node is told about its surroundings. Everything without a mark has to be given; the limits have defaults. */
export interface DhtConfig {
  /** One node serves one address family (BEP 32, 45). */
  readonly family: Family;
  /** BEP 43: asks, never answers, and tells others not to count on it. */
  readonly readOnly?: boolean;
  /** Whether packets may be sent to an address. Bogons, port 0 and the other family are refused before this is asked. */
  readonly mayContact?: (endpoint: Endpoint) => boolean;
  /** Bytes per second for answers, all askers together. Default 8,000. */
  readonly answerRate?: number;
  /** Lookups at the same time; the others wait their turn by urgency. Default 16. */
  readonly maxLookups?: number;
}

/** What a node can't do by itself. */
export interface DhtParts {
  /** Fills and returns `target` with bytes that nobody can guess: ids, transaction numbers and the secret of tokens are made of them. */
  readonly randomBytes: (target: Uint8Array) => Uint8Array;
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  /** Whether an Ed25519 signature is right. False, never an exception, for a key that is none. */
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  /** Sends a packet at once; failures are not reported. May be called from inside any method that takes a time. */
  readonly send: (bytes: Uint8Array, to: Endpoint) => void;
  /** Another node says that our packets come from `host` (BEP 42). One voice of many, and it may lie. */
  readonly onExternalAddress?: (host: string, by: Endpoint) => void;
  /** Somebody told us of a peer of a torrent, for others to be told. `infoHash` must not be kept. */
  readonly onAnnounce?: (infoHash: Uint8Array, peer: Endpoint) => void;
}

/** Who is served first: somebody waits for it, it is wanted soon, it has time. */
export type Urgency = "urgent" | "normal" | "background";

/** A node that answered near the target. */
export interface AnsweredNode {
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
}

export interface LookupProgress {
  readonly asked: number;
  readonly answered: number;
}

export interface LookupResult extends LookupProgress {
  /** Nodes nearest to the target that answered, nearest first. */
  readonly closest: readonly AnsweredNode[];
  /** Nodes that confirmed an announce or a put. 0 for lookups that store nothing. */
  readonly stored: number;
  /** From the first packet to the end. */
  readonly durationMs: Millis;
}

/** What a lookup reports. All are called from inside methods that take a time, never from the one that begins the lookup. */
export interface LookupEvents {
  readonly urgency?: Urgency;
  readonly onProgress?: (progress: LookupProgress) => void;
  /** Once, at the end; never after `cancel`. */
  readonly onDone?: (result: LookupResult) => void;
}

/** Handle of a lookup that waits or runs. */
export interface Lookup {
  readonly progress: LookupProgress;
  /** No more calls. Idempotent, also after the end. */
  cancel(): void;
}

export interface PeerLookup extends LookupEvents {
  /** Peers as they are found; the same one may come again and again. */
  readonly onPeers?: (peers: readonly Endpoint[]) => void;
  /** Asks for the number of seeds and leechers as well (BEP 33), told before `onDone`. */
  readonly onScrape?: (estimate: ScrapeEstimate) => void;
}

/** BEP 33: about how many there are. */
export interface ScrapeEstimate {
  readonly seeds: number;
  readonly leechers: number;
}

export interface Announce extends PeerLookup {
  /** TCP port of ours, 1 to 65535. */
  readonly port: number;
  /** Tells others to take the port our packets come from: that of the UDP socket, when both have the same number and a router may change it. */
  readonly impliedPort?: boolean;
  readonly isSeed: boolean;
}

/** An item of BEP 44 that has been checked against its target. `value` is bencode. */
export type DhtItem =
  | { readonly kind: "immutable"; readonly value: Uint8Array }
  | {
      readonly kind: "mutable";
      readonly value: Uint8Array;
      readonly publicKey: Uint8Array;
      readonly signature: Uint8Array;
      readonly seq: bigint;
    };

export interface ItemLookup extends LookupEvents {
  /** Of a mutable item; at most 64 bytes. */
  readonly salt?: Uint8Array;
  /** An item, and later any that is newer. For an immutable one the lookup ends with it. */
  readonly onItem?: (item: DhtItem) => void;
}

/** A mutable item to be stored. */
export interface SignedItem {
  /** Bencode of at most 1000 bytes. */
  readonly value: Uint8Array;
  readonly seq: bigint;
  /** Ed25519 over `itemToSign(salt, seq, value)`. */
  readonly signature: Uint8Array;
  /** Store only over exactly this number (compare and swap). */
  readonly cas?: bigint;
}

export interface MutablePut extends LookupEvents {
  readonly publicKey: Uint8Array;
  /** At most 64 bytes. */
  readonly salt?: Uint8Array;
  /** Asked once when the nodes are found, with the newest item they had: what to store, null for nothing. */
  readonly make: (newest: DhtItem | null) => SignedItem | null;
}

export interface SampleLookup extends LookupEvents {
  /** For each node that answered. */
  readonly onSamples?: (samples: InfohashSamples) => void;
}

/** Answer to a question for samples (BEP 51). */
export interface InfohashSamples {
  readonly from: Endpoint;
  readonly infoHashes: readonly Uint8Array[];
  /** Info-hashes the node has in all. */
  readonly total: number;
  /** Don't ask that node again for so many seconds. */
  readonly intervalSeconds: number;
}

export interface DhtStats {
  /** In the routing table. */
  readonly nodes: number;
  /** Of them, those that answered, or asked, within 15 minutes. */
  readonly goodNodes: number;
  /** About how many nodes there are in the whole DHT; 0 when not known yet. */
  readonly networkSize: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Packets that were nonsense, unasked for, or too many. */
  readonly packetsIgnored: number;
  readonly lookupsRunning: number;
  readonly lookupsWaiting: number;
  /** What we keep for others. */
  readonly storedTorrents: number;
  readonly storedPeers: number;
  readonly storedItems: number;
}

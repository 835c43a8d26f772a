import type { Endpoint } from "../base/address.ts";

/** "paused" is said by a partial seed each time (BEP 21): it has all that it wants, but not everything. */
export type AnnounceEvent = "started" | "completed" | "stopped" | "paused";

/** What a tracker is told, over HTTP (BEP 3, 7, 23) or UDP (BEP 15) alike. Byte counts are safe integers. */
export interface AnnounceRequest {
  /** 20 bytes: v1, or v2 truncated. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** TCP port for peers; 0 when we don't listen. */
  readonly port: number;
  /** The same over IPv6, where that is another one: a router translates ports of IPv4 alone. */
  readonly port6?: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  /** Null for the announces at regular intervals. */
  readonly event: AnnounceEvent | null;
  /** 32-bit number by which the tracker knows us again when our address changes. */
  readonly key: number;
  /** Number of peers wanted. */
  readonly numWant: number;
  /** What the tracker last told us to repeat; HTTP only. */
  readonly trackerId: string | null;
  /** Whether we take obfuscated connections, or no others; HTTP only. */
  readonly obfuscation: "none" | "supported" | "required";
}

/** What a tracker said. Texts are unchecked, at most 512 characters. */
export type AnnounceAnswer = AnnounceSuccess | AnnounceRefusal;

export interface AnnounceSuccess {
  readonly ok: true;
  /** Usable addresses, without doubles; at most `MAX_ANSWER_PEERS`. */
  readonly peers: readonly Endpoint[];
  /** Seconds until the next announce; null when the tracker did not say. */
  readonly interval: number | null;
  /** Seconds before which no further announce is allowed. */
  readonly minInterval: number | null;
  readonly trackerId: string | null;
  readonly warning: string | null;
  /** Seeds and leechers of the swarm. */
  readonly complete: number | null;
  readonly incomplete: number | null;
  /** How many have ever completed it. */
  readonly downloaded: number | null;
  /** Our address as the tracker sees it (BEP 24). */
  readonly externalIp: string | null;
}

export interface AnnounceRefusal {
  readonly ok: false;
  readonly reason: string;
  /** Minutes after which it may be tried again, or never (BEP 31); null when the tracker did not say. */
  readonly retryMinutes: number | "never" | null;
}

/** Why we take an answer for a refusal. */
export function refusal(reason: string): AnnounceRefusal {
  return { ok: false, reason, retryMinutes: null };
}

export const NOT_UNDERSTOOD = "the answer is not that of a tracker";

/** What a tracker says of a swarm when scraped (BEP 15, 48); null where it says nothing. */
export interface SwarmCounts {
  readonly seeds: number | null;
  readonly leechers: number | null;
  /** How many have ever completed it. */
  readonly downloaded: number | null;
}

/** Counts by info-hash in hex. */
export type ScrapeAnswer = ReadonlyMap<string, SwarmCounts> | AnnounceRefusal;

/** More peers of one answer are of no use. */
export const MAX_ANSWER_PEERS = 1_000;
/** Longest text of a tracker that is kept. */
export const MAX_TRACKER_TEXT = 512;

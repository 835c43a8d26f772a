import type { SpeedLimits } from "./bandwidth.ts";
import type { VerifyLevel } from "../core/resume-judge.ts";
import type { ObfuscationPolicy } from "../core/swarm/dial-way.ts";

/** What may be changed while a session works. */
export interface SessionSettings {
  readonly maxConnections: number;
  readonly maxConnectionsPerTorrent: number;
  /** Peers served at the same time, over all torrents; null: 8, and more as long as each of them gets something. */
  readonly uploadSlots: number | null;
  /** Requests that one peer may have queued with us; announced as `reqq` (BEP 10) to those who connect from then on. */
  readonly maxQueuedRequests: number;
  /** Most requests that we keep outstanding with one peer. */
  readonly maxOutstandingRequests: number;
  /** Bytes of each disk that downloads leave free. */
  readonly diskReserve: number;
}

/** Settings of a session; every field is set. The table of defaults is api/options.ts. */
export interface SessionConfig extends SessionSettings {
  /** Address to bind; null means all interfaces. */
  readonly host: string | null;
  /** Ports to listen on, tried in order; [0] lets the system choose; empty means not to listen. */
  readonly ports: readonly number[];
  /** How far resume data is believed when a torrent does not say. */
  readonly verify: VerifyLevel;
  /** Pieces that are only believed are hashed before they are first given to anybody, when a torrent does not say. */
  readonly lazyVerify: boolean;
  /** Which connections to peers are obfuscated (MSE). */
  readonly obfuscation: ObfuscationPolicy;
  /** Web servers that a torrent names are asked for its files. */
  readonly webSeeds: boolean;
  /** Peers are told of each other, and asked for others (BEP 11); never with private torrents. */
  readonly pex: boolean;
  /** Speed limits at the start. */
  readonly limits: SpeedLimits;
  /** Two-letter client code and four-digit version of the peer id (BEP 20), such as "SH0100". */
  readonly peerIdPrefix: string;
  /** Name and version told to peers in the extension handshake. */
  readonly clientName: string;
  readonly handshakeTimeoutMs: number;
  /** A connection on which nothing arrives for so long is closed. */
  readonly idleTimeoutMs: number;
}

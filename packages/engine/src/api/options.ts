import { ShoalError } from "../base/errors.ts";
import type { IpRanges } from "../base/ip-ranges.ts";
import type { VerifyLevel } from "../core/resume-judge.ts";
import type { ObfuscationPolicy } from "../core/swarm/dial-way.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Log } from "../ports/log.ts";
import type { SpeedLimits } from "../session/bandwidth.ts";
import type { LanServiceOptions } from "../session/lan-service.ts";

/** First port that is tried for peers, and the last one (both included). */
export const FIRST_PORT = 41873;
export const LAST_PORT = 41972;

/** Public nodes of the DHT that anybody may begin with. */
export const PUBLIC_DHT_NODES: readonly Endpoint[] = [
  { host: "router.bittorrent.com", port: 6881 },
  { host: "dht.transmissionbt.com", port: 6881 },
  { host: "router.utorrent.com", port: 6881 },
  { host: "dht.libtorrent.org", port: 25401 },
];

/** What `createSession` takes; everything has a default but the folder for state. */
export interface SessionOptions {
  /** Folder for resume data. Created when absent. */
  readonly stateDir: string;
  /**
   * Address that all sockets are bound to, or name of the network interface that all go through; all by default. While it is not there nothing is
   * reached by another. Bound to loopback, nothing leaves the machine.
   */
  readonly host?: string;
  /**
   * A server that everything goes through, and nothing goes past: "socks5://NAME:PASSWORD@HOST:PORT" or "http://…". It looks names up. UDP goes through
   * a SOCKS5 one that passes it on, else not at all; the local network and routers are left alone.
   */
  readonly proxy?: string;
  /** Listen though there is a proxy: peers connect to this machine directly. */
  readonly proxyListen: boolean;
  /** Addresses that nothing is sent to and nothing is taken from, see `loadIpFilter`; `Session.setIpFilter` replaces them. */
  readonly ipFilter?: IpRanges;
  /** Ports to listen on, tried in order; [0] lets the system choose. */
  readonly ports: readonly number[];
  /** False: don't listen; peers can't connect to us. */
  readonly listen: boolean;
  /** Nothing leaves this machine. */
  readonly offline: boolean;
  /** Find peers in the DHT, and be found there (BEP 5); not for private torrents. */
  readonly dht: boolean;
  /**
   * Nodes of the DHT, by address or host name, that are asked while no others are known. Absent: well-known public ones, or none where
   * nothing leaves the machine.
   */
  readonly dhtBootstrap?: readonly Endpoint[];
  /** Find peers in the local network, and be found there (BEP 14); not for private torrents. */
  readonly lsd: boolean;
  /** Ask routers to open our port (PCP, NAT-PMP, UPnP). Never done when bound to loopback. */
  readonly portMapping: boolean;
  /**
   * Show this node in the local network (multicast DNS, `_shoal._tcp`) under the name given, or under none, and tell of others who do. Off when
   * absent: who asks for nothing is not seen.
   */
  readonly lanService?: LanServiceOptions;
  /** Tell peers of each other, and take up whom they name (BEP 11); not with private torrents. */
  readonly pex: boolean;
  /** Memory for blocks on their way to the disk, bytes. */
  readonly arenaBytes: number;
  /** Threads that hash and write. */
  readonly diskWorkers: number;
  /** How far resume data is believed at the start; `AddOptions.verify` decides for one torrent. */
  readonly verify: VerifyLevel;
  /** Hash what is only believed before it is first given to anybody; `AddOptions.lazyVerify` decides for one torrent. */
  readonly lazyVerify: boolean;
  /**
   * Whether connections to peers look like random bytes (MSE): "prefer" begins so where it may be of use and takes both, "require" makes and
   * takes no others, "off" none. It hinders who sorts connections by their looks; it is no encryption.
   */
  readonly obfuscation: ObfuscationPolicy;
  /** Web servers that a torrent names are asked for its files (BEP 19). */
  readonly webSeeds: boolean;
  /** Speed limits at the start; `Session.limits.setSpeeds` changes them. */
  readonly limits: SpeedLimits;
  /** `Session.limits.setSettings` changes these. */
  readonly maxConnections: number;
  readonly maxConnectionsPerTorrent: number;
  /** Peers served at the same time, over all torrents; null: 8, and more as long as each of them gets something. */
  readonly uploadSlots: number | null;
  /** Requests that one peer may have queued with us. */
  readonly maxQueuedRequests: number;
  /** Bytes of each disk that downloads leave free: they wait when no more is left, and go on by themselves. */
  readonly diskReserve: number;
  /** Requests that we keep outstanding with one peer at most. */
  readonly maxOutstandingRequests: number;
  readonly handshakeTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Name and version told to peers. */
  readonly clientName: string;
  readonly log?: Log;
}

/** The one table of defaults. */
export const SESSION_DEFAULTS: Omit<
  SessionOptions,
  "stateDir" | "host" | "proxy" | "ipFilter" | "dhtBootstrap" | "lanService" | "log"
> = {
  ports: Array.from({ length: LAST_PORT - FIRST_PORT + 1 }, (_, i) => FIRST_PORT + i),
  listen: true,
  offline: false,
  proxyListen: false,
  dht: true,
  lsd: true,
  portMapping: true,
  pex: true,
  arenaBytes: 32 * 1024 * 1024,
  diskWorkers: 2,
  verify: "stat",
  lazyVerify: true,
  obfuscation: "prefer",
  webSeeds: true,
  limits: { down: null, up: null },
  maxConnections: 500,
  maxConnectionsPerTorrent: 200,
  uploadSlots: null,
  maxQueuedRequests: 2000,
  diskReserve: 0,
  maxOutstandingRequests: 2000,
  handshakeTimeoutMs: 15_000,
  idleTimeoutMs: 150_000,
  clientName: "Shoal 0.1.0",
};

const OBFUSCATION_POLICIES: readonly ObfuscationPolicy[] = ["prefer", "require", "off"];

/** Fills in defaults. Throws ERR_INVALID_ARGUMENT for values that can't work. */
export function withDefaults(options: Partial<SessionOptions> & { stateDir: string }): SessionOptions {
  const all: SessionOptions = { ...SESSION_DEFAULTS, ...options };
  for (const port of all.ports) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new ShoalError("ERR_INVALID_ARGUMENT", `${port} is not a port; ports go from 0 to 65535`);
    }
  }
  if (!OBFUSCATION_POLICIES.includes(all.obfuscation)) {
    const choices = OBFUSCATION_POLICIES.join(", ");
    throw new ShoalError("ERR_INVALID_ARGUMENT", `obfuscation is one of ${choices}, not ${all.obfuscation}`);
  }
  const counts = ["arenaBytes", "diskWorkers", "maxConnections", "maxConnectionsPerTorrent"] as const;
  for (const name of counts) {
    if (!Number.isInteger(all[name]) || all[name] < 1) {
      throw new ShoalError(
        "ERR_INVALID_ARGUMENT",
        `${name} must be a whole number above 0, not ${all[name]}`,
      );
    }
  }
  return all;
}

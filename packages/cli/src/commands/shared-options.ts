import type { ObfuscationPolicy, VerifyLevel } from "../engine.ts";
import {
  choice,
  flag,
  list,
  nonEmpty,
  type PeerAddress,
  parsePeer,
  parsePieceSize,
  parsePorts,
  parseTrackerUrl,
  parseWebUrl,
  type SpecsOf,
  text,
  value,
} from "./option.ts";

/** How a torrent is made: `torrent create` and `send` take the same. */
export interface MakeOptions {
  readonly v1: boolean;
  readonly v2: boolean;
  readonly hybrid: boolean;
  readonly pieceSize: number | null;
  readonly tracker: readonly string[];
  readonly webSeed: readonly string[];
  readonly private: boolean;
  readonly name: string | null;
  readonly comment: string | null;
}

export const MAKE_OPTIONS: SpecsOf<MakeOptions> = {
  v1: flag("--v1", "a torrent that only BitTorrent v1 programs understand"),
  v2: flag("--v2", "a torrent that only BitTorrent v2 programs understand"),
  hybrid: flag("--hybrid", "a torrent for both (the default)"),
  pieceSize: value(
    "--piece-size <size>",
    "bytes per piece, such as 256K or 1M (default: by size)",
    parsePieceSize,
  ),
  tracker: list("--tracker <url>", "a tracker where people find each other; repeatable", parseTrackerUrl),
  webSeed: list("--web-seed <url>", "an http address with the same files; repeatable", parseWebUrl),
  private: flag("--private", "people only from the trackers named"),
  name: text("--name <name>", "what the torrent is called (default: the file or folder name)"),
  comment: text("--comment <text>", "a comment in the torrent"),
};

/** How far data that was here before is believed: `send` and `get` take the same. */
export interface VerifyOptions {
  readonly verify: VerifyLevel;
}

export const VERIFY_OPTIONS: SpecsOf<VerifyOptions> = {
  verify: choice(
    "--verify <how>",
    "how to check what an earlier run has checked: none, stat (the default), sample, full",
    ["none", "stat", "sample", "full"],
    "stat",
  ),
};

/** How a session reaches the network: `send` and `get` take the same. */
export interface NetworkOptions {
  /** Ports to try in order. */
  readonly port: readonly number[] | null;
  readonly host: string | null;
  /** May have a password in it. */
  readonly proxy: string | null;
  readonly proxyListen: boolean;
  /** Paths as given. */
  readonly ipFilter: readonly string[];
  readonly obfuscation: ObfuscationPolicy | null;
  readonly noDiscovery: boolean;
  readonly noDht: boolean;
  /** Nodes to begin with. */
  readonly dhtBootstrap: readonly PeerAddress[];
  readonly noLsd: boolean;
  readonly noPex: boolean;
  readonly noWebSeeds: boolean;
  readonly noPortMapping: boolean;
  readonly foreground: boolean;
}

export const NETWORK_OPTIONS: SpecsOf<NetworkOptions> = {
  port: value(
    "--port <port>",
    "port or range A-B to listen on (default: 41873, or the next free one)",
    parsePorts,
  ),
  host: text("--host <address>", "address or network interface of this computer, and no other, to use"),
  proxy: text(
    "--proxy <url>",
    "everything through this server: socks5://HOST:PORT or http://HOST:PORT (default: $SHOAL_PROXY)",
  ),
  proxyListen: flag("--proxy-listen", "let others connect to this computer although there is a proxy"),
  ipFilter: list(
    "--ip-filter <file>",
    "a list of addresses to have nothing to do with (P2P, DAT or CIDR); repeatable",
    nonEmpty,
  ),
  obfuscation: choice<ObfuscationPolicy, null>(
    "--obfuscation <policy>",
    "make connections look like random bytes: prefer (the default), require, off",
    ["prefer", "require", "off"],
    null,
  ),
  noDiscovery: flag("--no-discovery", "only the peers and trackers named, nobody else"),
  noDht: flag("--no-dht", "don't look for people in the DHT, or tell them of us"),
  dhtBootstrap: list(
    "--dht-bootstrap <host:port>",
    "a node to enter the DHT by instead of the public ones; repeatable",
    parsePeer,
  ),
  noLsd: flag("--no-lsd", "don't look for people in the local network, or tell them of us"),
  noPex: flag("--no-pex", "don't exchange addresses of others with the people you are connected to"),
  noWebSeeds: flag("--no-web-seeds", "don't fetch from web servers that a torrent names"),
  noPortMapping: flag("--no-port-mapping", "don't ask the router to open the port"),
  foreground: flag("--foreground", "work in this process, without the daemon"),
};

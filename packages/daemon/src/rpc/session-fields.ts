import type { ShoalNode } from "../shoal-node.ts";

const RPC_VERSION = 17;
const RPC_VERSION_MINIMUM = 14;
const UNITS = {
  "speed-units": ["kB/s", "MB/s", "GB/s", "TB/s"],
  "speed-bytes": 1000,
  "size-units": ["kB", "MB", "GB", "TB"],
  "size-bytes": 1000,
  "memory-units": ["KiB", "MiB", "GiB", "TiB"],
  "memory-bytes": 1024,
};

/** What `session-get` tells. Programs look for a version of Transmission's in `version`, and do without us when they find none. */
export function sessionFields(node: ShoalNode, version: string): Record<string, unknown> {
  return {
    version: `4.0.6 (shoal ${version})`,
    "rpc-version": RPC_VERSION,
    "rpc-version-minimum": RPC_VERSION_MINIMUM,
    "rpc-version-semver": "5.3.0",
    "config-dir": node.profile.stateDir,
    "download-dir": node.downloadDir,
    "incomplete-dir": node.downloadDir,
    "incomplete-dir-enabled": false,
    "peer-port": node.session.endpoint?.port ?? 0,
    "peer-port-random-on-start": false,
    "port-forwarding-enabled": true,
    "utp-enabled": false,
    "dht-enabled": node.session.dht !== null,
    "lpd-enabled": true,
    "pex-enabled": true,
    encryption: "preferred",
    "cache-size-mb": 32,
    "peer-limit-global": 500,
    "peer-limit-per-torrent": 200,
    "speed-limit-down": 0,
    "speed-limit-down-enabled": false,
    "speed-limit-up": 0,
    "speed-limit-up-enabled": false,
    "alt-speed-down": 0,
    "alt-speed-up": 0,
    "alt-speed-enabled": false,
    "alt-speed-time-begin": 540,
    "alt-speed-time-end": 1020,
    "alt-speed-time-day": 127,
    "alt-speed-time-enabled": false,
    seedRatioLimit: 0,
    seedRatioLimited: false,
    "idle-seeding-limit": 30,
    "idle-seeding-limit-enabled": false,
    "download-queue-enabled": false,
    "download-queue-size": 0,
    "seed-queue-enabled": false,
    "seed-queue-size": 0,
    "queue-stalled-enabled": false,
    "queue-stalled-minutes": 30,
    "start-added-torrents": true,
    "rename-partial-files": false,
    "trash-original-torrent-files": false,
    "blocklist-enabled": false,
    "blocklist-size": 0,
    "blocklist-url": "",
    "script-torrent-done-enabled": false,
    "script-torrent-done-filename": "",
    units: UNITS,
  };
}

export function sessionStats(node: ShoalNode): Record<string, unknown> {
  const all = node.transfers.list().map(({ torrent }) => ({ state: torrent.state, ...torrent.stats() }));
  const sum = (of: (one: (typeof all)[number]) => number): number =>
    Math.round(all.reduce((total, one) => total + of(one), 0));
  const paused = all.filter(({ state }) => state === "paused").length;
  const totals = {
    uploadedBytes: sum(({ uploaded }) => uploaded),
    downloadedBytes: sum(({ downloaded }) => downloaded),
    filesAdded: all.length,
    sessionCount: 1,
    secondsActive: Math.floor(process.uptime()),
  };
  return {
    activeTorrentCount: all.length - paused,
    pausedTorrentCount: paused,
    torrentCount: all.length,
    downloadSpeed: sum(({ downRate }) => downRate),
    uploadSpeed: sum(({ upRate }) => upRate),
    "current-stats": totals,
    "cumulative-stats": totals,
  };
}

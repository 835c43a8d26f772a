import { SESSION_DEFAULTS } from "@shoal/engine";
import type { ShoalNode } from "../shoal-node.ts";
import { spaceOf } from "./free-space.ts";
import { ENCRYPTION, INCOMPLETE_DIR } from "./session-set.ts";
import type { SessionSettings } from "./session-settings.ts";

const RPC_VERSION = 17;
const RPC_VERSION_MINIMUM = 14;
const MIB = 1_048_576;
const UNITS = {
  "speed-units": ["kB/s", "MB/s", "GB/s", "TB/s"],
  "speed-bytes": 1000,
  "size-units": ["kB", "MB", "GB", "TB"],
  "size-bytes": 1000,
  "memory-units": ["KiB", "MiB", "GiB", "TiB"],
  "memory-bytes": 1024,
};
/** What Shoal does not have: off, at the values that Transmission begins with. */
const ABSENT = {
  "utp-enabled": false,
  "tcp-enabled": true,
  "rename-partial-files": false,
  "trash-original-torrent-files": false,
  "queue-stalled-enabled": false,
  "queue-stalled-minutes": 30,
  "script-torrent-added-enabled": false,
  "script-torrent-added-filename": "",
  "script-torrent-done-enabled": false,
  "script-torrent-done-filename": "",
  "script-torrent-done-seeding-enabled": false,
  "script-torrent-done-seeding-filename": "",
  "anti-brute-force-enabled": true,
  "anti-brute-force-threshold": 100,
  "default-trackers": "",
};

/** What `session-get` tells. Programs look for a version of Transmission's in `version`, and do without us when they find none. */
export async function sessionFields(
  node: ShoalNode,
  known: SessionSettings,
  { version, sessionId }: { readonly version: string; readonly sessionId: string },
): Promise<Record<string, unknown>> {
  const { settings, session, profile, downloadDir } = node;
  const obfuscation = settings.get("network.obfuscation");
  const [encryption] = Object.entries(ENCRYPTION).find(([, ours]) => ours === obfuscation)!;
  const incompleteDir = settings.get("downloads.incompleteDir");
  const ranges = settings.get("network.ipFilter");
  return {
    version: `4.0.6 (shoal ${version})`,
    "rpc-version": RPC_VERSION,
    "rpc-version-minimum": RPC_VERSION_MINIMUM,
    "rpc-version-semver": "5.3.0",
    "session-id": sessionId,
    "config-dir": profile.stateDir,
    "download-dir": downloadDir,
    "download-dir-free-space": (await spaceOf(downloadDir)).free,
    [INCOMPLETE_DIR]: incompleteDir ?? known.memory.text(INCOMPLETE_DIR) ?? downloadDir,
    "incomplete-dir-enabled": incompleteDir !== null,
    "peer-port": session.endpoint?.port ?? 0,
    "peer-port-random-on-start": settings.get("network.port") === "0",
    encryption,
    "cache-size-mb": Math.round(SESSION_DEFAULTS.arenaBytes / MIB),
    "blocklist-enabled": ranges.length > 0,
    "blocklist-size": 0,
    "blocklist-url": "",
    ...ABSENT,
    ...known.fields(),
    units: UNITS,
  };
}

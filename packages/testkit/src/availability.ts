import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { Namespace } from "./namespace.ts";

/** Foreign programs, and the right to make network namespaces. */
export type Foreign =
  | "libtorrent"
  | "aria2"
  | "transmission"
  | "opentracker"
  | "mktorrent"
  | "nginx"
  | "microsocks"
  | "nft"
  | "tinyproxy"
  | "miniupnpd"
  | "avahi"
  | "namespaces";

/** The system's interpreter: Debian's binding is built for this one. */
export const PYTHON = "/usr/bin/python3";

const PROGRAMS: Readonly<Partial<Record<Foreign, { command: string; from: string }>>> = {
  aria2: { command: "aria2c", from: "aria2" },
  transmission: { command: "transmission-daemon", from: "transmission-daemon" },
  opentracker: { command: "opentracker", from: "opentracker" },
  nginx: { command: "nginx", from: "nginx" },
  microsocks: { command: "microsocks", from: "microsocks" },
  tinyproxy: { command: "tinyproxy", from: "tinyproxy-bin" },
  nft: { command: "nft", from: "nftables" },
  avahi: { command: "avahi-browse", from: "avahi-daemon, avahi-utils and dbus" },
  miniupnpd: { command: "miniupnpd", from: "miniupnpd-nftables" },
  mktorrent: { command: "mktorrent", from: "mktorrent" },
};
const known: Map<Foreign, string | null> = new Map();

/**
 * For `test(name, { skip: lacks("aria2") }, …)`: false when all are there, else the reason for skipping. Under
 * `SHOAL_REQUIRE_INTEROP=1` nothing is skipped: the test runs, and `openStage({ needs })` fails it with the reason.
 */
export function lacks(...needs: readonly Foreign[]): string | false {
  if (process.env["SHOAL_REQUIRE_INTEROP"] === "1") return false;
  return whyLacking(needs) ?? false;
}

/** Why one of these can't be used here, or null. */
export function whyLacking(needs: readonly Foreign[]): string | null {
  for (const need of needs) {
    let why = known.get(need);
    if (why === undefined) {
      why = look(need);
      known.set(need, why);
    }
    if (why !== null) return why;
  }
  return null;
}

const HYBRID_SINCE = { aria2: "1.37", transmission: "4.0" } as const;

/**
 * Reason to skip hybrid torrents with the installed version of a client, or false. Older ones can't read the empty
 * dictionary key that every hybrid torrent has: aria2 computes a wrong info-hash (fixed by aria2/aria2#1905),
 * Transmission calls the torrent corrupt (transmission/transmission#1964, #3446). This skips even under
 * `SHOAL_REQUIRE_INTEROP=1`, as the client is there.
 */
export function lacksHybrid(client: keyof typeof HYBRID_SINCE): string | false {
  if (whyLacking([client]) !== null) return false;
  const command = PROGRAMS[client]?.command ?? client;
  const run = spawnSync(command, ["--version"], { encoding: "utf8" });
  const version = /(\d+)\.(\d+)/.exec(`${run.stdout}${run.stderr}`);
  const [major = 0, minor = 0] = (version ?? []).slice(1).map(Number);
  const [needMajor = 0, needMinor = 0] = HYBRID_SINCE[client].split(".").map(Number);
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return false;
  return `${command} ${major}.${minor} can't read hybrid torrents (${HYBRID_SINCE[client]} and later can)`;
}

function look(need: Foreign): string | null {
  if (process.platform !== "linux") return "foreign clients are driven on Linux only";
  if (need === "libtorrent") {
    try {
      execFileSync(PYTHON, ["-c", "import libtorrent"], { stdio: "ignore" });
      return null;
    } catch {
      return `libtorrent is not there (Debian: python3-libtorrent for ${PYTHON})`;
    }
  }
  if (need === "namespaces") {
    try {
      Namespace.open().close();
      return null;
    } catch {
      return "network namespaces can't be made here (needs root and iproute2)";
    }
  }
  const program = PROGRAMS[need];
  if (program === undefined || isOnPath(program.command)) return null;
  return `${program.command} is not there (Debian: ${program.from})`;
}

function isOnPath(command: string): boolean {
  for (const dir of [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]) {
    try {
      accessSync(join(dir, command), constants.X_OK);
      return true;
    } catch {
      // Not in this one.
    }
  }
  return false;
}

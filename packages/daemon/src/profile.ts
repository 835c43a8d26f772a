import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";

/** Where one node of one user keeps what is its own. Absolute paths. */
export interface Profile {
  readonly name: string;
  readonly stateDir: string;
  readonly databaseFile: string;
  /** What the daemon writes down, as lines of JSON; older ones have ".1" and ".2" behind. */
  readonly logFile: string;
  /** The key by which others know the node. */
  readonly identityFile: string;
  /** .torrent files of all torrents, by the hex of their primary info-hash. */
  readonly torrentsDir: string;
  /** The configuration files that hold for it, its own one last. */
  readonly configFiles: readonly string[];
  /** Unix socket or, on Windows, named pipe for programs of the same user. */
  readonly socket: string;
}

/** What decides where things lie. */
export interface ProfilePlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The state folder of the default profile, absolute. */
  readonly stateDir: string;
}

export const DEFAULT_PROFILE = "default";
const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/i;
/** Bytes: a path of a Unix socket has to fit into `sockaddr_un`. */
const MAX_SOCKET_PATH = 100;

/** Whether a profile may be called that: letters, digits, "-" and "_". */
export function isProfileName(name: string): boolean {
  return NAME.test(name);
}

/** The paths of a profile; other profiles than the default one lie in a folder of their own inside its state folder. */
export function profilePaths(name: string, place: ProfilePlace): Profile {
  const stateDir = name === DEFAULT_PROFILE ? place.stateDir : join(place.stateDir, "profiles", name);
  return {
    name,
    stateDir,
    databaseFile: join(stateDir, "state.db"),
    logFile: join(stateDir, "daemon.log"),
    identityFile: join(stateDir, "identity.key"),
    torrentsDir: join(stateDir, "torrents"),
    configFiles: configFiles(name, place),
    socket: socketPath(name, stateDir, place),
  };
}

function configFiles(name: string, place: ProfilePlace): string[] {
  const chosen = place.env["SHOAL_CONFIG"];
  if (chosen !== undefined && isAbsolute(chosen)) return [chosen];
  const files = name === DEFAULT_PROFILE ? ["config.json"] : ["config.json", `config-${name}.json`];
  return files.map((file) => join(configDir(place), file));
}

function configDir({ env, home, platform }: ProfilePlace): string {
  const chosen = env["SHOAL_CONFIG_DIR"];
  if (chosen !== undefined && isAbsolute(chosen)) return chosen;
  if (platform === "darwin") return join(home, "Library", "Preferences", "shoal");
  if (platform === "win32") return join(env["APPDATA"] ?? join(home, "AppData", "Roaming"), "shoal");
  const xdg = env["XDG_CONFIG_HOME"];
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, ".config"), "shoal");
}

function socketPath(name: string, stateDir: string, { env, platform }: ProfilePlace): string {
  if (platform === "win32") {
    // Pipes have one name space for the whole machine.
    const whose = stateDir.replace(/[^a-z0-9]+/gi, "-");
    return `\\\\.\\pipe\\shoal-${whose}-${name}`;
  }
  const inState = join(stateDir, "daemon.sock");
  if (fits(inState)) return inState;
  // One for each state folder, and in a folder of this user: see `keepPrivate`.
  const file = `shoal-${createHash("sha256").update(stateDir).digest("hex").slice(0, 16)}.sock`;
  const runtime = env["XDG_RUNTIME_DIR"];
  const inRuntime = runtime !== undefined && isAbsolute(runtime) ? join(runtime, file) : null;
  if (inRuntime !== null && fits(inRuntime)) return inRuntime;
  return join("/tmp", `shoal-${process.getuid?.() ?? 0}`, file);
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH;
}

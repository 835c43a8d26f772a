import { chmod, lstat, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log } from "@shoal/engine";
import type { Profile } from "./profile.ts";
import { ConfigError } from "./settings/config-error.ts";

const OTHERS_WRITE = 0o002;
const OTHERS = 0o077;

/**
 * What is only its user's must not be anybody else's: files that others can read are closed to them, and where others can write, who knows what
 * they wrote. A configuration names programs to run. Throws ConfigError for what others can write, or what belongs to somebody else.
 */
export async function keepPrivate(profile: Profile, log: Log): Promise<void> {
  if (process.platform === "win32") return;
  const { stateDir, databaseFile, identityFile, configFiles, socket } = profile;
  await keep(stateDir, log);
  // Where the state folder's path is too long, the socket lies elsewhere.
  if (dirname(socket) !== stateDir) {
    await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
    await assertNotWritable(dirname(socket));
  }
  for (const path of [databaseFile, identityFile, ...configFiles]) await keep(path, log);
}

async function keep(path: string, log: Log): Promise<void> {
  const facts = await assertNotWritable(path);
  if (facts === null || (facts.mode & OTHERS) === 0) return;
  // A file of the administrator is theirs to close.
  if (facts.uid !== process.geteuid?.()) return;
  await chmod(path, facts.mode & 0o700);
  log.warn("others could read this; now they can't", { path });
}

/** Null where there is nothing. */
async function assertNotWritable(
  path: string,
): Promise<{ readonly mode: number; readonly uid: number } | null> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return null;
  const isOurs = facts.uid === process.geteuid?.() || facts.uid === 0;
  if (!isOurs) throw new ConfigError(`${path} belongs to another user`);
  if ((facts.mode & OTHERS_WRITE) === 0) return facts;
  const mode = (facts.mode & 0o777).toString(8).padStart(4, "0");
  const right = (await lstat(path)).isDirectory() ? "700" : "600";
  throw new ConfigError(`Others can write ${path} (its mode is ${mode}). Close it: chmod ${right} ${path}`);
}

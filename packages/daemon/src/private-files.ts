import { chmod, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log } from "@shoal/engine";
import type { Profile } from "./profile.ts";

const OTHERS_WRITE = 0o002;
const OTHERS = 0o077;

/** Others have, or may have had, what is only its user's: one sentence that names it. */
class FileRightsError extends Error {
  override readonly name = "FileRightsError";
  readonly code = "ERR_FILE_SYSTEM";
}

interface Facts {
  readonly mode: number;
  readonly uid: number;
}

/**
 * What is only its user's must be nobody else's: the database has tokens and history, the configuration may name programs to run. Folders that others
 * can look into are closed to them, and so is a configuration that they can read: people and editors make such files. Throws ERR_FILE_SYSTEM for a
 * database or key that others can read, as who knows who has; for what they can write; and for what belongs to somebody else.
 */
export async function keepPrivate(profile: Profile, log: Log): Promise<void> {
  if (process.platform === "win32") return;
  const { stateDir, databaseFile, identityFile, configFiles, socket } = profile;
  const facts = await ownFacts(stateDir);
  if (facts !== null) {
    assertClosed(stateDir, facts, OTHERS_WRITE, "700");
    await close(stateDir, facts, 0o700, log);
  }
  // Where the state folder's path is too long, the socket lies elsewhere.
  const socketDir = dirname(socket);
  if (socketDir !== stateDir) assertClosed(socketDir, await ownFacts(socketDir), OTHERS_WRITE, "700");
  for (const path of [databaseFile, identityFile]) assertClosed(path, await ownFacts(path), OTHERS, "600");
  for (const path of configFiles) {
    const config = await ownFacts(path);
    assertClosed(path, config, OTHERS_WRITE, "600");
    if (config !== null) await close(path, config, 0o600, log);
  }
}

async function close(path: string, facts: Facts, rights: number, log: Log): Promise<void> {
  if (!isMine(facts) || (facts.mode & OTHERS) === 0) return;
  await chmod(path, facts.mode & rights);
  log.warn("others could look into this; now they can't", { path });
}

/** Null where there is nothing. */
async function ownFacts(path: string): Promise<Facts | null> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || isMine(facts) || facts.uid === 0) return facts;
  throw new FileRightsError(`${path} belongs to another user`);
}

/** `rights`: those that others must not have. */
function assertClosed(path: string, facts: Facts | null, rights: number, wanted: string): void {
  // A file of the administrator is theirs to close, as long as nobody else can change it.
  const asked = facts !== null && isMine(facts) ? rights : rights & OTHERS_WRITE;
  if (facts === null || (facts.mode & asked) === 0) return;
  const may = (facts.mode & OTHERS_WRITE) === 0 ? "read" : "write";
  const mode = (facts.mode & 0o777).toString(8).padStart(4, "0");
  throw new FileRightsError(
    `Others can ${may} ${path} (its mode is ${mode}). Close it: chmod ${wanted} ${path}`,
  );
}

function isMine({ uid }: Facts): boolean {
  return uid === process.geteuid?.();
}

import { ShoalError } from "@shoal/engine";
import { SqliteError } from "@shoal/server";

/** SQLite's results (sqlite3.h), with what extends them: the disk is full; it refuses something else. */
const FULL: ReadonlySet<number> = new Set([13, 4874]);
const REFUSED: ReadonlySet<number> = new Set([8, 10, 14]);

/** What a disk does to the database, ERR_NO_SPACE or ERR_DISK; null for anything else. */
export function diskTrouble(error: unknown): ShoalError | null {
  if (!(error instanceof SqliteError)) return null;
  const result = Number(error.code);
  if (FULL.has(result))
    return new ShoalError("ERR_NO_SPACE", "the disk with Shoal's state folder is full", {}, error);
  if (REFUSED.has(result & 0xff))
    return new ShoalError("ERR_DISK", `Shoal's state folder can't be used: ${error.message}`, {}, error);
  return null;
}

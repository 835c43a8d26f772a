import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SqliteError } from "./sqlite-thread.ts";

/** Files that belong to a database beside its own. */
const COMPANIONS = ["-wal", "-shm"];
/** SQLite's results (sqlite3.h): the file is damaged, or was none. */
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Makes the file where it is missing, readable for its owner only: one that SQLite makes others could read. */
export async function ensureFile(path: string): Promise<void> {
  await (await open(path, "a", 0o600)).close();
}

/** What is in the file can't be read, whoever tries. */
export function isDamage(error: unknown): boolean {
  if (!(error instanceof SqliteError)) return false;
  const result = Number(error.code) & 0xff;
  return result === SQLITE_CORRUPT || result === SQLITE_NOTADB;
}

/** Gives a damaged file another name, which is returned. */
export async function setAside(path: string): Promise<string> {
  const aside = await freeName(`${path}.damaged`);
  for (const companion of COMPANIONS)
    await rename(path + companion, aside + companion).catch(() => undefined);
  await rename(path, aside);
  return aside;
}

/** Where the database goes as it was before `change`; nothing is there yet. */
export async function backupFile(path: string, change: string): Promise<string> {
  const file = `${path}.before-${change}`;
  await rm(file, { force: true });
  await ensureFile(file);
  return file;
}

/** Only the newest copy is kept. */
export async function dropOlderBackups(path: string, newest: string): Promise<void> {
  const prefix = `${basename(path)}.before-`;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(prefix) && name !== basename(newest))
      await rm(join(dirname(path), name), { force: true });
}

async function freeName(path: string): Promise<string> {
  const taken = new Set(await readdir(dirname(path)));
  for (let at = 1; ; at++) {
    const name = at === 1 ? path : `${path}-${at}`;
    if (!taken.has(basename(name))) return name;
  }
}

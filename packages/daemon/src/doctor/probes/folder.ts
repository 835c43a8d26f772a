import { randomUUID } from "node:crypto";
import { access, constants, type FileHandle, open, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FolderFacts } from "../checks/disk.ts";

const PROBE = new Uint8Array(4_096);

/** What is found out about a folder by writing a small file to it. */
export interface FolderProbe extends Omit<FolderFacts, "use" | "reserve"> {
  /** Milliseconds since 1970, by which the file system dates what is written now; null when nothing was. */
  readonly writtenAt: number | null;
}

interface Written {
  readonly trouble: string | null;
  readonly writeMs: number | null;
  readonly writtenAt: number | null;
}

/** A folder that is not there yet is not made: what counts is whether it could be. */
export async function probeFolder(path: string): Promise<FolderProbe> {
  const existing = await nearest(path);
  const written = existing === path ? await writeProbe(path) : await wouldBeMade(existing);
  const room = await statfs(existing).catch(() => null);
  return {
    path,
    ...written,
    free: room === null ? null : room.bavail * room.bsize,
    freeFiles: room === null || room.files === 0 ? null : room.ffree,
  };
}

/** The folder itself, or the first one above it that is there. */
async function nearest(path: string): Promise<string> {
  const above = dirname(path);
  if (above === path) return path;
  const found = await stat(path).catch(() => null);
  return found === null ? nearest(above) : path;
}

async function wouldBeMade(existing: string): Promise<Written> {
  const mayWrite = await access(existing, constants.W_OK).then(
    () => true,
    () => false,
  );
  return { trouble: mayWrite ? null : "ENOENT", writeMs: null, writtenAt: null };
}

async function writeProbe(path: string): Promise<Written> {
  const file = join(path, `.shoal-doctor-${randomUUID()}`);
  const began = performance.now();
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, "wx", 0o600);
    await handle.write(PROBE);
    await handle.sync();
    const { mtimeMs } = await handle.stat();
    return { trouble: null, writeMs: performance.now() - began, writtenAt: mtimeMs };
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    return { trouble: typeof code === "string" ? code : "unknown", writeMs: null, writtenAt: null };
  } finally {
    await handle?.close();
    await rm(file, { force: true }).catch(() => {});
  }
}

import { constants } from "node:fs";
import { lstat, open, statfs, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { LayoutFile } from "../meta/layout.ts";
import type { FileStat } from "../ports/disk.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import { eachLimited } from "./each-limited.ts";
import type { FileTable } from "./file-table.ts";
import { assertInside, ensureFolder } from "./safe-folder.ts";

const LANES = 4;
const NO_FOLLOW: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Creates folders, files (empty) and symbolic links; gives executable files their bit; with `truncateLonger`,
 * cuts files that are longer than the torrent says. Skipped files are left alone.
 */
export async function prepareFiles(table: FileTable, truncateLonger: boolean): Promise<void> {
  const made = new Set<string>();
  const wanted = table.layout.files.filter((file) => !file.pad && !table.isSkipped(file.index));
  // Links last: what they point to is there by then, and no folder is made through them.
  await eachLimited(wanted, LANES, async (file) => {
    const path = table.absolute(file.index);
    const folder = dirname(path);
    try {
      if (!made.has(folder)) await ensureFolder(table.root, folder);
      made.add(folder);
      if (file.symlink === null) await prepareFile(file, path, truncateLonger);
    } catch (error) {
      throw systemError(error, path, false);
    }
  });
  for (const file of wanted) {
    if (file.symlink === null) continue;
    const path = table.absolute(file.index);
    try {
      await assertInside(table.root, dirname(path));
      await prepareLink(table, file, path);
    } catch (error) {
      throw systemError(error, path, false);
    }
  }
}

async function prepareFile(file: LayoutFile, path: string, truncateLonger: boolean): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | NO_FOLLOW, 0o666);
  try {
    const { mode, size } = await handle.stat();
    if (truncateLonger && size > file.size) await handle.truncate(file.size);
    // Whoever may read the file may run it, as a umask would have it.
    const runnable = mode | ((mode & 0o444) >> 2);
    if (file.executable && runnable !== mode) await handle.chmod(runnable & 0o7777);
  } finally {
    await handle.close();
  }
}

async function prepareLink(table: FileTable, file: LayoutFile, path: string): Promise<void> {
  const target = linkTarget(table, file);
  if (target === null) return;
  const text = relative(dirname(path), target);
  try {
    await symlink(text, path);
  } catch (error) {
    // What has the name already is the same link, or the user's; no data depends on it.
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

/**
 * Where a link of the torrent leads on disk: the place of a file or folder of the same torrent, or null when it leads to
 * nothing that the torrent has. So it can never lead out.
 */
function linkTarget(table: FileTable, link: LayoutFile): string | null {
  const target = link.symlink ?? [];
  if (target.length === 0) return null;
  for (const file of table.layout.files) {
    if (file.pad || file.index === link.index || file.path.length < target.length) continue;
    if (!target.every((part, at) => file.path[at] === part)) continue;
    // Safe paths may have the torrent's name in front; below it they have a component for each of the torrent's.
    const safe = (table.paths[file.index] as string).split("/");
    const front = safe.length - file.path.length;
    return join(table.root, ...safe.slice(0, front + target.length));
  }
  return null;
}

/** Size, time and inode of each file; null for what is missing, no regular file, a pad or a skipped file. */
export async function statFiles(table: FileTable): Promise<(FileStat | null)[]> {
  const found: (FileStat | null)[] = table.layout.files.map(() => null);
  const present = table.layout.files.filter((file) => !file.pad && !table.isSkipped(file.index));
  await eachLimited(present, LANES, async (file) => {
    try {
      const path = table.absolute(file.index);
      const stats = await lstat(path);
      if (!stats.isFile()) return;
      await assertInside(table.root, dirname(path));
      found[file.index] = { size: stats.size, modifiedMs: stats.mtimeMs, inode: stats.ino };
    } catch {
      // What can't be looked at is as good as missing.
    }
  });
  return found;
}

/** Bytes that an ordinary user may still write below `path`, which need not exist yet. Throws ERR_DISK. */
export async function freeSpaceOf(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" || at === dirname(at)) throw systemError(error, at, true);
    }
  }
}

import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, lstatSync, openSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { LayoutFile } from "../meta/layout.ts";
import type { FileStat } from "../ports/disk.ts";
import { Faulted, errnoOf, systemError, systemFault } from "./disk-fault.ts";
import type { FileTable } from "./file-table.ts";
import type { InsideFolders } from "./inside-folders.ts";

/*
 * The files of a storage as files. Workers create and look at them, blocking, a stretch of the file list at a time, so that
 * blocks on their way to the disk wait only for that long.
 */

const NO_FOLLOW: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Most files that `statFiles` and `prepareFiles` are given at a time: some milliseconds' worth. */
export const FILES_AT_A_TIME = 256;

/** Numbers for each file in what `statFiles` returns. */
const STAT_FIELDS = 3;

/**
 * Creates folders, and files (empty), for files [from, end); gives executable files their bit; with `truncateLonger`,
 * cuts files that are longer than the torrent says. Skipped files are left alone. Returns what `statFiles` would.
 */
export function prepareFiles(
  table: FileTable,
  inside: InsideFolders,
  from: number,
  end: number,
  truncateLonger: boolean,
): Float64Array<ArrayBuffer> {
  const files = table.layout.files.slice(from, end);
  const found = new Float64Array(files.length * STAT_FIELDS).fill(-1);
  for (const file of files) {
    if (file.pad || table.isSkipped(file.index)) continue;
    const path = table.absolute(file.index);
    try {
      inside.ensureSync(dirname(path));
      if (file.symlink === null)
        found.set(prepareFile(file, path, truncateLonger), (file.index - from) * STAT_FIELDS);
    } catch (error) {
      throw new Faulted(systemFault(error, path, false));
    }
  }
  return found;
}

/** Returns size, time and inode. */
function prepareFile(file: LayoutFile, path: string, truncateLonger: boolean): [number, number, number] {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | NO_FOLLOW, 0o666);
  try {
    const { mode, size, mtimeMs, ino } = fstatSync(fd);
    const cuts = truncateLonger && size > file.size;
    if (cuts) ftruncateSync(fd, file.size);
    // Whoever may read the file may run it, as a umask would have it.
    const runnable = mode | ((mode & 0o444) >> 2);
    if (file.executable && runnable !== mode) fchmodSync(fd, runnable & 0o7777);
    return cuts ? [file.size, fstatSync(fd).mtimeMs, ino] : [size, mtimeMs, ino];
  } finally {
    closeSync(fd);
  }
}

/**
 * Size, time and inode of each of files [from, end), in a form that is cheap to send; a size of -1 for what is missing, no regular
 * file, a pad or a skipped file.
 */
export function statFiles(
  table: FileTable,
  inside: InsideFolders,
  from: number,
  end: number,
): Float64Array<ArrayBuffer> {
  const files = table.layout.files.slice(from, end);
  const found = new Float64Array(files.length * STAT_FIELDS).fill(-1);
  // Before a download there are no folders; their files need not be looked for.
  const missing = new Set<string>();
  files.forEach((file, at) => {
    if (file.pad || table.isSkipped(file.index)) return;
    try {
      const path = table.absolute(file.index);
      const folder = dirname(path);
      if (missing.has(folder)) return;
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined && lstatSync(folder, { throwIfNoEntry: false }) === undefined)
        missing.add(folder);
      if (stats?.isFile() !== true) return;
      inside.assertSync(folder);
      found.set([stats.size, stats.mtimeMs, stats.ino], at * STAT_FIELDS);
    } catch {
      // What can't be looked at is as good as missing.
    }
  });
  return found;
}

/** What `statFiles` found, file by file; null where it found none. */
export function unpackStats(found: Float64Array): (FileStat | null)[] {
  return Array.from({ length: found.length / STAT_FIELDS }, (_, file): FileStat | null => {
    const at = file * STAT_FIELDS;
    const size = found[at] as number;
    if (size < 0) return null;
    return { size, modifiedMs: found[at + 1] as number, inode: found[at + 2] as number };
  });
}

/** Bytes that an ordinary user may still write below `path`, which need not exist yet. Throws ERR_DISK. */
export async function freeSpaceOf(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" || at === dirname(at)) throw systemError(error, at, false);
    }
  }
}

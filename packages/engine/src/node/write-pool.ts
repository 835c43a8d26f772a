import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { ShoalError } from "../base/errors.ts";
import { errnoOf, isOutOfFiles } from "./disk-fault.ts";
import type { FileTable } from "./file-table.ts";
import { PART_FILE } from "./file-table.ts";
import type { InsideFolders } from "./inside-folders.ts";
import { ensureFolderSync } from "./safe-folder.ts";

/** Never follow a link in the last component; never wait for the other end of a named pipe. */
const SAFE: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Where the files of a storage are. */
interface FilePlaces {
  readonly table: FileTable;
  readonly inside: InsideFolders;
}

interface OpenFile {
  readonly fd: number;
  readonly writable: boolean;
}

/** A worker's open files, least recently used first. All calls block. */
export class WritePool {
  readonly #capacity: number;
  readonly #files: Map<number, OpenFile> = new Map();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Handle for a file, valid until the next call. Throws system errors, ERR_PATH, ERR_DISK for what is no file, and for
   * writing ERR_FILES_MISSING and ERR_FILE_CHANGED when it is not the file that was prepared.
   */
  get(storage: number, places: FilePlaces, file: number, writable: boolean): number {
    const key = keyOf(storage, file);
    const known = this.#files.get(key);
    if (known !== undefined) {
      this.#files.delete(key);
      if (known.writable || !writable) {
        this.#files.set(key, known);
        return known.fd;
      }
      closeSync(known.fd);
    }
    while (this.#files.size >= this.#capacity) this.#closeOldest();
    const openFile = writable ? openForWriting : openForReading;
    let fd: number;
    try {
      fd = openFile(places, file);
    } catch (error) {
      if (!isOutOfFiles(error)) throw error;
      while (this.#files.size > 0) this.#closeOldest();
      fd = openFile(places, file);
    }
    this.#files.set(key, { fd, writable });
    return fd;
  }

  /** Closes one file, so that the next use opens what is there by then. */
  drop(storage: number, file: number): void {
    const key = keyOf(storage, file);
    const known = this.#files.get(key);
    if (known === undefined) return;
    this.#files.delete(key);
    closeSync(known.fd);
  }

  /** Closes every file of a storage. */
  dropAll(storage: number): void {
    for (const [key, { fd }] of this.#files) {
      if (Math.floor(key / FILES_PER_STORAGE) !== storage) continue;
      this.#files.delete(key);
      closeSync(fd);
    }
  }

  #closeOldest(): void {
    for (const [key, { fd }] of this.#files) {
      this.#files.delete(key);
      closeSync(fd);
      return;
    }
  }
}

const FILES_PER_STORAGE = 2 ** 31;

function keyOf(storage: number, file: number): number {
  return storage * FILES_PER_STORAGE + file + 1;
}

function openForReading({ table, inside }: FilePlaces, file: number): number {
  const path = table.absolute(file);
  if (file !== PART_FILE) inside.assertSync(dirname(path));
  return assertRegular(openSync(path, constants.O_RDONLY | SAFE), path);
}

function openForWriting({ table, inside }: FilePlaces, file: number): number {
  const path = table.absolute(file);
  if (file !== PART_FILE && table.inodes !== null) return openPrepared(table, file, path, inside);
  const folder = dirname(path);
  const flags = constants.O_RDWR | constants.O_CREAT | SAFE;
  const mode = table.executable(file) ? 0o777 : 0o666;
  try {
    if (file !== PART_FILE) inside.assertSync(folder);
    return assertRegular(openSync(path, flags, mode), path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  inside.forget(folder);
  if (file === PART_FILE) ensureFolderSync(folder, folder);
  else inside.ensureSync(folder);
  return assertRegular(openSync(path, flags, mode), path);
}

/** What has come in the place of a file that was prepared is not ours to write to, and a folder that is gone may be a drive. */
function openPrepared(table: FileTable, file: number, path: string, inside: InsideFolders): number {
  let fd: number;
  try {
    inside.assertSync(dirname(path));
    fd = openSync(path, constants.O_RDWR | SAFE);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    throw new ShoalError("ERR_FILES_MISSING", `"${path}" is missing`, { path });
  }
  const stats = fstatSync(fd);
  if (stats.isFile() && stats.ino === table.inodes![file]) return fd;
  closeSync(fd);
  if (!stats.isFile()) throw notRegular(path);
  throw new ShoalError("ERR_FILE_CHANGED", `"${path}" was replaced by another file`, { path });
}

function assertRegular(fd: number, path: string): number {
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw notRegular(path);
}

function notRegular(path: string): ShoalError {
  return new ShoalError("ERR_DISK", `"${path}" is not a regular file`, { path });
}

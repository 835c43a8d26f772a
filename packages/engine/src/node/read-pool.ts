import { closeSync, constants, fstatSync, open } from "node:fs";
import { dirname } from "node:path";
import { ShoalError } from "../base/errors.ts";
import { isOutOfFiles, systemError } from "./disk-fault.ts";
import type { FileTable } from "./file-table.ts";
import { PART_FILE } from "./file-table.ts";
import { InsideFolders } from "./inside-folders.ts";

const READ_FLAGS: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

type OpenDone = (error: ShoalError | null, file: OpenRead | null) => void;

/** A file opened for reading; give it back with `release`. */
export class OpenRead {
  readonly storage: number;
  readonly file: number;
  readonly path: string;
  /** -1 until it is open. */
  fd: number = -1;
  users: number = 0;
  /** No longer in the pool: to be closed by its last user. */
  dropped: boolean = false;
  /** Who waits for it to open; null afterwards. */
  waiting: OpenDone[] | null = [];

  constructor(storage: number, file: number, path: string) {
    this.storage = storage;
    this.file = file;
    this.path = path;
  }
}

/** The main thread's open files, least recently used first. A file is opened once, however many reads ask for it. */
export class ReadPool {
  readonly #capacity: number;
  readonly #files: Map<string, OpenRead> = new Map();
  /** By storage. */
  readonly #inside: Map<number, InsideFolders> = new Map();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Calls `done` at once when the file is open already, else later. */
  acquire(storage: number, table: FileTable, file: number, done: OpenDone): void {
    const key = `${storage}/${file}`;
    let entry = this.#files.get(key);
    if (entry === undefined) {
      entry = new OpenRead(storage, file, table.absolute(file));
      this.#files.set(key, entry);
      this.#trim(this.#capacity);
      this.#open(entry, file === PART_FILE ? null : this.#insideOf(storage, table));
    } else {
      this.#files.delete(key);
      this.#files.set(key, entry);
    }
    entry.users++;
    if (entry.waiting === null) done(null, entry);
    else entry.waiting.push(done);
  }

  release(entry: OpenRead): void {
    entry.users--;
    if (entry.dropped && entry.users === 0) closeQuietly(entry);
    else this.#trim(this.#capacity);
  }

  /** Forgets a file, so that the next read opens what is at its path by then. */
  drop(entry: OpenRead): void {
    const key = `${entry.storage}/${entry.file}`;
    if (this.#files.get(key) === entry) this.#files.delete(key);
    if (entry.dropped) return;
    entry.dropped = true;
    if (entry.users === 0) closeQuietly(entry);
  }

  /** Forgets all files of a storage. Those in use are closed when their reads have ended. */
  dropAll(storage: number): void {
    this.#inside.delete(storage);
    // Deleting the entry at hand is fine for a Map in iteration.
    for (const entry of this.#files.values()) if (entry.storage === storage) this.drop(entry);
  }

  /** Closes files that nobody uses, the least recently used first, until at most `limit` are left. */
  #trim(limit: number): void {
    if (this.#files.size <= limit) return;
    for (const entry of this.#files.values()) {
      if (entry.users > 0 || entry.waiting !== null) continue;
      this.drop(entry);
      if (this.#files.size <= limit) return;
    }
  }

  #insideOf(storage: number, table: FileTable): InsideFolders {
    let inside = this.#inside.get(storage);
    if (inside === undefined) {
      inside = new InsideFolders(table.root);
      this.#inside.set(storage, inside);
    }
    return inside;
  }

  /** `inside` is null for the part file, which lies elsewhere. */
  #open(entry: OpenRead, inside: InsideFolders | null): void {
    const folder = dirname(entry.path);
    if (inside === null || inside.isKnown(folder)) {
      this.#openKnown(entry);
      return;
    }
    inside.assert(folder).then(
      () => this.#openKnown(entry),
      (error: unknown) => this.#onOpened(entry, error),
    );
  }

  #openKnown(entry: OpenRead): void {
    open(entry.path, READ_FLAGS, (error, fd) => {
      if (error === null) {
        this.#onOpened(entry, takeRegular(entry, fd));
      } else if (!isOutOfFiles(error)) {
        this.#onOpened(entry, error);
      } else {
        this.#trim(0);
        open(entry.path, READ_FLAGS, (again, later) =>
          this.#onOpened(entry, again ?? takeRegular(entry, later)),
        );
      }
    });
  }

  #onOpened(entry: OpenRead, error: unknown): void {
    const failure = error === null ? null : systemError(error, entry.path, true);
    const waiting = entry.waiting ?? [];
    entry.waiting = null;
    if (failure !== null) this.drop(entry);
    for (const done of waiting) {
      if (failure === null) done(null, entry);
      else done(failure, null);
    }
    if (failure !== null) entry.users -= waiting.length;
  }
}

/** Keeps the handle of what is a regular file; closes others and returns the error. */
function takeRegular(entry: OpenRead, fd: number): unknown {
  entry.fd = fd;
  try {
    // Of a file that is open already: nothing has to be waited for.
    if (fstatSync(fd).isFile()) return null;
  } catch (error) {
    closeQuietly(entry);
    return error;
  }
  closeQuietly(entry);
  const { path } = entry;
  return new ShoalError("ERR_DISK", `"${path}" is not a regular file`, { path });
}

function closeQuietly(entry: OpenRead): void {
  if (entry.fd < 0) return;
  const { fd } = entry;
  entry.fd = -1;
  try {
    closeSync(fd);
  } catch {
    // Nothing was written through it, so nothing is lost.
  }
}

import { close, constants, fsync, open } from "node:fs";
import { dirname } from "node:path";
import { errnoOf, systemError } from "./disk-fault.ts";
import { eachLimited } from "./each-limited.ts";
import { PART_FILE } from "./file-table.ts";
import type { FileTable } from "./file-table.ts";
import { stepsTo } from "./safe-folder.ts";
import { syncFolder } from "./sync-folder.ts";

/** Three: an fsync may hold a thread of libuv's pool for seconds, the pool has four, and one has to be left for reads. */
const LANES = 3;

/** Windows flushes only what is open for writing. */
const FLAGS: number = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
/** Of files that are gone, or that we can't write to, nothing is ours to flush. */
const NOT_OURS: ReadonlySet<string> = new Set(["ENOENT", "EACCES", "EPERM", "EROFS", "ELOOP"]);

/** Which files of a storage may have bytes that only the page cache knows. */
export class SyncState {
  #table: FileTable;
  readonly #unsynced: Set<number> = new Set();
  /** Files whose entry in their folder is on disk. */
  readonly #named: Set<number> = new Set();
  #last: Promise<void> = Promise.resolve();

  constructor(table: FileTable) {
    this.#table = table;
  }

  /** From now on the files are where `table` says; `isMoved` when their folders may be others. */
  retarget(table: FileTable, isMoved: boolean): void {
    this.#table = table;
    if (isMoved) this.#named.clear();
  }

  add(files: Iterable<number>): void {
    for (const file of files) this.#unsynced.add(file);
  }

  /** Marks every file that exists. */
  addAll(): void {
    this.#unsynced.add(PART_FILE);
    for (const file of this.#table.layout.files) {
      if (!file.pad && file.symlink === null) this.#unsynced.add(file.index);
    }
  }

  /** fsync of all marked files and, the first time, of the folders that name them. What failed stays marked. */
  flush(): Promise<void> {
    const run = this.#last.then(() => this.#flush());
    this.#last = run.catch(() => {});
    return run;
  }

  async #flush(): Promise<void> {
    const folders = new Set<string>();
    await eachLimited([...this.#unsynced], LANES, async (file) => {
      const path = this.#table.absolute(file);
      if (await syncFile(path)) {
        if (!this.#named.has(file)) this.#addFolders(file, path, folders);
        this.#named.add(file);
      }
      this.#unsynced.delete(file);
    });
    await eachLimited(folders, LANES, syncFolder);
  }

  #addFolders(file: number, path: string, folders: Set<string>): void {
    const folder = dirname(path);
    folders.add(folder);
    if (file === PART_FILE) return;
    folders.add(this.#table.root);
    for (const step of stepsTo(this.#table.root, folder)) folders.add(step);
  }
}

/** False when there is no such file. By callbacks: for files by the thousand the objects of `fs/promises` cost more than the calls. */
function syncFile(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      if (NOT_OURS.has(errnoOf(error))) resolve(false);
      else reject(systemError(error, path, false));
    };
    open(path, FLAGS, (error, fd) => {
      if (error !== null) {
        fail(error);
        return;
      }
      fsync(fd, (failure) =>
        close(fd, (closing) => {
          const first = failure ?? closing ?? null;
          if (first === null) resolve(true);
          else fail(first);
        }),
      );
    });
  });
}

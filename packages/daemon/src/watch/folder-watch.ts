import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** How long nothing may have been written to a file until it is read. */
const STABLE_MS = 1_000;
const POLL_MS = 100;
/** How often it is looked whether the folder is there, and whether there is a file in it of which nobody has told. */
const SEARCH_MS = 2_000;
const TOLD = "told ";
/** Files that are looked at in this way. */
const MOST_FILES = 10_000;

export interface FolderWatchOptions {
  /** Whether a file of that name is of interest. */
  readonly wants: (name: string) => boolean;
  /** Nobody writes to the file any more: it is new, or has changed. */
  onFile(path: string): void;
  /** Why nothing can be seen, in one sentence; null when all is well. */
  onProblem(problem: string | null): void;
  readonly stableMs?: number;
  readonly searchMs?: number;
}

/** Sees files come into one folder, which may not exist yet, and may go and come back. */
export class FolderWatch {
  readonly #dir: string;
  readonly #options: FolderWatchOptions;
  #watcher: FSWatcher | null = null;
  #search: NodeJS.Timeout | null = null;
  #inode: number | null = null;
  /** What files were at the last look; those that were told of begin with TOLD. */
  #seen: ReadonlyMap<string, string> = new Map();
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(dir: string, options: FolderWatchOptions) {
    this.#dir = dir;
    this.#options = options;
    this.#looking = this.#look();
    // It is looked at again and again, as not every system tells that a folder has gone.
    this.#search = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, options.searchMs ?? SEARCH_MS);
    this.#search.unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#search !== null) clearInterval(this.#search);
    await this.#looking;
    await this.#watcher?.close();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const found = await inodeOf(this.#dir);
    if (this.#closed) return;
    if (this.#watcher !== null && found.inode === this.#inode) return this.#sweep();
    await this.#watcher?.close();
    this.#watcher = null;
    this.#inode = found.inode;
    this.#options.onProblem(found.problem);
    if (found.inode !== null) this.#watch();
  }

  /** Of what comes shortly after something else the system tells nothing at times. A file that stays as it is between two looks is told of once. */
  async #sweep(): Promise<void> {
    const names = await readdir(this.#dir).catch(() => []);
    const seen = new Map<string, string>();
    for (const name of names.filter((each) => this.#options.wants(each)).slice(0, MOST_FILES)) {
      const path = join(this.#dir, name);
      const stats = await lstat(path).catch(() => null);
      if (stats?.isFile() !== true) continue;
      const state = `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
      const before = this.#seen.get(path);
      if (before === state && !this.#closed) this.#options.onFile(path);
      seen.set(path, before === state || before === TOLD + state ? TOLD + state : state);
    }
    this.#seen = seen;
  }

  #watch(): void {
    const { wants, stableMs = STABLE_MS } = this.#options;
    const onFile = (path: string): void => this.#options.onFile(path);
    this.#watcher = watch(this.#dir, {
      depth: 0,
      followSymlinks: false,
      ignored: (path, stats) => path !== this.#dir && (stats?.isFile() === false || !wants(nameIn(path))),
      awaitWriteFinish: { stabilityThreshold: stableMs, pollInterval: POLL_MS },
      ignorePermissionErrors: true,
    });
    this.#watcher.on("add", onFile);
    this.#watcher.on("change", onFile);
    this.#watcher.on("error", (error) => {
      this.#options.onProblem(`${this.#dir} can't be watched: ${(error as Error).message}`);
    });
  }
}

function nameIn(path: string): string {
  return path.slice(join(path, "..").length).replace(/^[/\\]/, "");
}

async function inodeOf(
  dir: string,
): Promise<
  { readonly inode: number; readonly problem: null } | { readonly inode: null; readonly problem: string }
> {
  try {
    const stats = await stat(dir);
    if (stats.isDirectory()) return { inode: stats.ino, problem: null };
    return { inode: null, problem: `${dir} is no folder` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "does not exist" : `can't be read (${code ?? "unknown reason"})`;
    return { inode: null, problem: `${dir} ${why}` };
  }
}

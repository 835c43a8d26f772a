import { rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Log, ShoalError } from "@shoal/engine";
import type { AddTorrent, NewWatchFolder, WatchFolder } from "@shoal/schema";
import { ApiError, type Database } from "@shoal/server";
import { freeName } from "../completion/free-name.ts";
import { exists } from "../completion/incomplete-place.ts";
import type { NoticeBoard } from "../notices/notice-board.ts";
import type { Tables } from "../state/tables.ts";
import { isDropped, readDropped } from "./dropped-file.ts";
import { FolderWatch } from "./folder-watch.ts";
import { TakenFiles } from "./taken-files.ts";

const MOST_FOLDERS = 100;
/** A file that can't be read as what it should be may still be on its way: so long after its last change it is bad. */
const BAD_AFTER_MS = 10_000;
/** After this long what could not be added is tried again. */
const RETRY_MS = 60_000;

export interface WatchParts {
  readonly database: Database<Tables>;
  readonly board: NoticeBoard;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly badAfterMs?: number;
}

/** Adds a transfer. */
type Add = (wanted: AddTorrent) => Promise<unknown>;

interface Watched {
  view: WatchFolder;
  readonly watch: FolderWatch;
  /** Files that are to be looked at again. */
  readonly again: Map<string, NodeJS.Timeout>;
}

/** Folders of which every .torrent and .magnet file that comes into them is added, one after another. */
export class WatchFolders {
  readonly #parts: WatchParts;
  readonly #taken: TakenFiles;
  readonly #folders: Map<number, Watched> = new Map();
  #known: readonly WatchFolder[] = [];
  #add: Add | null = null;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(parts: WatchParts, taken: TakenFiles) {
    this.#parts = parts;
    this.#taken = taken;
  }

  static async open(parts: WatchParts): Promise<WatchFolders> {
    const folders = new WatchFolders(parts, await TakenFiles.open(parts.database));
    const rows = await parts.database.query.selectFrom("watchFolders").selectAll().orderBy("id").execute();
    folders.#known = rows.map((row) => ({
      ...row,
      labels: JSON.parse(row.labels) as string[],
      paused: row.paused !== 0,
      after: row.after === "delete" ? "delete" : "keep",
      problem: null,
    }));
    return folders;
  }

  /** Once: from now on files are looked for. */
  start(add: Add): void {
    this.#add = add;
    for (const view of this.#known) this.#watch(view);
  }

  list(): WatchFolder[] {
    return [...this.#folders.values()].map(({ view }) => view);
  }

  /** `dir` is absolute. Throws ApiError ERR_EXISTS when it is watched already. */
  async add(wanted: NewWatchFolder): Promise<WatchFolder> {
    const { dir, labels = [], downloadDir = null, paused = false, after = "keep" } = wanted;
    if (this.list().some((folder) => folder.dir === dir))
      throw new ApiError(409, "ERR_EXISTS", `${dir} is watched already`, "Take it out first to change how.");
    if (this.#folders.size >= MOST_FOLDERS)
      throw new ApiError(409, "ERR_TOO_MANY", `${MOST_FOLDERS} folders are watched already`);
    const isFile = await stat(dir).then(
      (stats) => !stats.isDirectory(),
      () => false,
    );
    if (isFile) throw new ApiError(400, "ERR_VALIDATION", `${dir} is a file, not a folder`);
    const addedAt = new Date(this.#parts.now()).toISOString();
    const { id } = await this.#parts.database.query
      .insertInto("watchFolders")
      .values({ dir, labels: JSON.stringify(labels), downloadDir, paused: Number(paused), after, addedAt })
      .returning("id")
      .executeTakeFirstOrThrow();
    const problem = (await exists(dir)) ? null : `${dir} does not exist`;
    return this.#watch({ id, dir, labels, downloadDir, paused, after, problem, addedAt });
  }

  /** What it has added stays. Throws ApiError ERR_NOT_FOUND. */
  async remove(id: number): Promise<void> {
    const watched = this.#folders.get(id);
    if (watched === undefined) throw new ApiError(404, "ERR_NOT_FOUND", `There is no watch folder ${id}`);
    this.#folders.delete(id);
    await this.#parts.database.query.deleteFrom("watchFolders").where("id", "=", id).execute();
    await end(watched);
    await this.#taken.forget(join(watched.view.dir, "/"));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#folders.values()].map(end));
    await this.#turn;
  }

  #watch(view: WatchFolder): WatchFolder {
    const again = new Map<string, NodeJS.Timeout>();
    const watch = new FolderWatch(view.dir, {
      wants: isDropped,
      onFile: (path) => this.#inTurn(watched, path),
      onProblem: (problem) => {
        watched.view = { ...watched.view, problem };
        if (problem !== null) this.#tell(problem);
      },
    });
    const watched: Watched = { view, watch, again };
    this.#folders.set(view.id, watched);
    return view;
  }

  /** Files are added one at a time. */
  #inTurn(watched: Watched, path: string): void {
    clearTimeout(watched.again.get(path));
    watched.again.delete(path);
    this.#turn = this.#turn.then(async () => {
      if (this.#closed || this.#folders.get(watched.view.id) !== watched) return;
      await this.#take(watched, path).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        this.#parts.log.error("a file in a watch folder could not be added", { path, error });
      });
    });
  }

  async #take(watched: Watched, path: string): Promise<void> {
    const { view } = watched;
    if (await this.#taken.has(path)) return;
    const dropped = await readDropped(path);
    if ("problem" in dropped) return this.#refuse(watched, path, dropped.problem);
    for (const source of dropped.wanted) {
      try {
        await this.#add!({
          ...source,
          paused: view.paused,
          labels: [...view.labels],
          ...(view.downloadDir === null ? {} : { downloadDir: view.downloadDir }),
        });
      } catch (error) {
        const known = error instanceof ShoalError || error instanceof ApiError;
        if (known && error.code === "ERR_DUPLICATE_TORRENT") continue;
        if (!known) throw error;
        this.#tell(`${path} could not be added: ${error.message}; trying again`);
        this.#later(watched, path, RETRY_MS);
        return;
      }
    }
    const put = view.after === "delete" ? unlink(path) : this.#rename(path, ".added");
    await put.catch(async (error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      await this.#taken.add(path);
      const what = view.after === "delete" ? "deleted" : "renamed";
      this.#tell(`${path} was added, but can't be ${what} (${code}): it is left where it is`);
    });
  }

  async #refuse(watched: Watched, path: string, problem: string): Promise<void> {
    const { badAfterMs = BAD_AFTER_MS, now } = this.#parts;
    const left = (await stat(path)).mtimeMs + badAfterMs - now();
    // It may still be on its way; a clock that is wrong must not make it wait for ever.
    if (left > 0 && left <= badAfterMs) return this.#later(watched, path, left);
    await this.#rename(path, ".invalid").catch(() => this.#taken.add(path));
    this.#tell(`${path} is no ${/torrent$/i.test(path) ? "torrent" : "magnet link"}: ${problem}`);
  }

  #later(watched: Watched, path: string, ms: number): void {
    watched.again.set(
      path,
      setTimeout(() => this.#inTurn(watched, path), ms),
    );
  }

  async #rename(path: string, ending: string): Promise<void> {
    const dir = dirname(path);
    const name = await freeName(basename(path) + ending, false, (other) => exists(join(dir, other)));
    await rename(path, join(dir, name));
  }

  #tell(message: string): void {
    this.#parts.board.add({ kind: "watch-folder", message });
  }
}

async function end({ watch, again }: Watched): Promise<void> {
  for (const timer of again.values()) clearTimeout(timer);
  await watch.close();
}

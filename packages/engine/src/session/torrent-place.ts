import { absoluteFolder } from "../base/absolute-folder.ts";
import type { FileIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Layout } from "../meta/layout.ts";
import { renameFilePath, renameRootPath } from "../meta/rename-path.ts";
import type { StoragePlace } from "../ports/disk.ts";
import type { SessionContext } from "./context.ts";
import type { TorrentEvent } from "./events.ts";
import type { FileRemoval } from "./removal.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";

/** How often it is told how far the copying is. */
const PROGRESS_MS = 100;

export interface MoveOptions {
  /** Files that are in the way are replaced. */
  readonly overwrite?: boolean;
  /** Nothing is moved: somebody has put them there already. They are to be checked. */
  readonly adopt?: boolean;
  /** Ends it early; everything is where it was then. */
  readonly signal?: AbortSignal;
}

export interface PlaceOwner {
  emit(event: TorrentEvent): void;
}

/**
 * Takes a torrent's files to another folder or gives them other names, while it works. The journal knows of it before the first
 * file moves and until the last one has: after a crash they are all at one of the two places again.
 */
export class TorrentPlace {
  readonly #context: SessionContext;
  readonly #owner: PlaceOwner;
  readonly #layout: Layout;
  readonly #files: TorrentFiles;
  /** Null for a torrent that is only shared. */
  readonly #journal: TorrentJournal | null;
  readonly #closing: AbortController = new AbortController();

  constructor(
    context: SessionContext,
    owner: PlaceOwner,
    layout: Layout,
    files: TorrentFiles,
    journal: TorrentJournal | null,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#layout = layout;
    this.#files = files;
    this.#journal = journal;
  }

  /** The download folder. */
  get root(): string {
    return this.#files.root;
  }

  /** Below the download folder, "/"-joined; by file index. */
  get paths(): readonly string[] {
    return this.#files.paths;
  }

  /** Throws ERR_INVALID_ARGUMENT, ERR_FILE_EXISTS, ERR_NO_SPACE, ERR_DISK and what the signal says; then nothing has changed. */
  async moveTo(folder: string, options: MoveOptions): Promise<void> {
    const root = absoluteFolder(folder);
    if (root === null) throw new ShoalError("ERR_INVALID_ARGUMENT", `"${folder}" is not an absolute folder`);
    await this.#relocate({ root, paths: this.#files.paths }, options);
  }

  /** `path` is below the download folder. Throws as `moveTo`, and ERR_PATH. */
  async renameFile(file: FileIndex, path: string): Promise<void> {
    const { root, paths } = this.#files;
    await this.#relocate({ root, paths: renameFilePath(paths, this.#layout.files, file, path) }, {});
  }

  /** Gives the torrent's folder, or its only file, another name. Throws as `renameFile`. */
  async renameRoot(name: string): Promise<void> {
    const { root, paths } = this.#files;
    await this.#relocate({ root, paths: renameRootPath(paths, this.#layout.files, name) }, {});
  }

  /**
   * Takes away what this download made; with nothing under way. Files that were there before it, or that somebody put in place of ours,
   * stay.
   */
  async removeFiles({ trashDir, spares }: FileRemoval): Promise<void> {
    const journal = this.#journal;
    if (journal === null) return;
    const stats = await this.#files.stat();
    const { root, paths, storage } = this.#files;
    const isOwn = (file: FileIndex): boolean =>
      journal.files.isOwn(file, stats[file] ?? null) && !spares(`${root}/${paths[file]}`);
    await this.#context.disk.removeFiles(storage, isOwn, trashDir);
  }

  /** Ends a move that is under way: everything is where it was. */
  close(): void {
    this.#closing.abort(new ShoalError("ERR_CLOSED", "The torrent was closed"));
  }

  /** Ends a move that a crash has interrupted. */
  async recover(): Promise<void> {
    const move = this.#journal?.move ?? null;
    if (this.#journal === null || move === null) return;
    const arrived = await this.#context.disk.recoverRelocation(this.#files.storage, move, move.copied);
    if (arrived) this.#files.onMoved(move);
    await this.#journal.endMove(this.#layout, this.#files);
    if (arrived) this.#owner.emit({ type: "moved", downloadDir: move.root });
  }

  async #relocate(to: StoragePlace, options: MoveOptions): Promise<void> {
    const { root, paths } = this.#files;
    if (to.root === root && to.paths.every((path, file) => path === paths[file])) return;
    const journal = this.#journal;
    const closing = this.#closing.signal;
    const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
    signal.throwIfAborted();
    await journal?.beginMove(to, this.#layout, this.#files);
    let toldAt = -Infinity;
    try {
      await this.#context.disk.relocate(this.#files.storage, to, {
        ...options,
        signal,
        onProgress: (done, total) => {
          const now = this.#context.now();
          if (done < total && now - toldAt < PROGRESS_MS) return;
          toldAt = now;
          this.#owner.emit({ type: "moving", doneBytes: done, totalBytes: total });
        },
        onCopied: async () => journal?.onMoveCopied(to),
        onMoved: () => this.#files.onMoved(to),
      });
    } finally {
      // Whether it went well or not: the files are where `files` says.
      await journal?.endMove(this.#layout, this.#files);
    }
    if (to.root !== root) this.#owner.emit({ type: "moved", downloadDir: to.root });
  }
}

import type { FileIndex, Millis } from "../base/brand.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import type { FileStat } from "../ports/disk.ts";
import type { SessionContext } from "./context.ts";

/** How often files that are being exchanged are looked at. */
const WATCH_MS = 1_000;
/** Looking takes at most a twentieth of the time, however many files there are. */
const SHARE_OF_TIME = 20;

export type FileStats = readonly (FileStat | null)[];

/** What is new about a file: gone or cut short; another one or edited; or again what it was. */
export interface FileChange {
  readonly file: LayoutFile;
  readonly is: "missing" | "changed" | "back";
}

/** What is wrong with a file. */
export interface FileTrouble {
  readonly is: "missing" | "changed";
  /** The file as it was last seen. */
  readonly seen: FileStat | null;
}

/** What a file watch asks of its torrent. */
export interface WatchedFiles {
  stat(): Promise<FileStats>;
  /** All of the file's data is verified: it doesn't grow any more. */
  isWhole(file: FileIndex): boolean;
  /** Grows when files get another place: what they look like there is to be learnt. */
  readonly placeChanges: number;
}

/** Whether a torrent's files are still the ones that its data was verified in, or is written to. */
export class FileWatch {
  readonly #context: SessionContext;
  readonly #layout: Layout;
  readonly #files: WatchedFiles;
  /** Files as they should be; null for those that need not be there. */
  #known: (FileStat | null)[] = [];
  /** 1: `#known` is the whole file, which does not change any more. */
  readonly #whole: Uint8Array;
  #expectsAll = false;
  readonly #troubles: Map<FileIndex, FileTrouble> = new Map();
  /** Nobody writes to the files: they don't change by themselves. */
  #isResting = false;
  /** `placeChanges` of the files when they became known. */
  #knownAt = 0;
  #looking: Promise<readonly FileChange[]> | null = null;
  #lookedAt: Millis = -Infinity;
  #took: Millis = 0;

  constructor(context: SessionContext, layout: Layout, files: WatchedFiles) {
    this.#context = context;
    this.#layout = layout;
    this.#files = files;
    this.#whole = new Uint8Array(layout.files.length);
  }

  /** Files that are not what they should be. */
  get troubles(): ReadonlyMap<FileIndex, FileTrouble> {
    return this.#troubles;
  }

  /** The file as it should be; null while that changes, because it is being written. */
  expected(file: FileIndex): FileStat | null {
    return this.#whole[file] === 1 || this.#expectsAll ? (this.#known[file] ?? null) : null;
  }

  /** Whether the files were looked at lately enough for their bytes to be served. */
  isFresh(now: Millis): boolean {
    return now - this.#lookedAt < Math.max(WATCH_MS, this.#took * SHARE_OF_TIME);
  }

  /** Nothing is written to the files from now on, until `wake`: whatever changes, somebody else did it. */
  async rest(): Promise<void> {
    const { placeChanges } = this.#files;
    const stats = await this.#files.stat().catch(() => null);
    if (stats === null || placeChanges !== this.#files.placeChanges || placeChanges !== this.#knownAt) return;
    for (const file of this.#layout.files) {
      const { index } = file;
      const known = this.#known[index] ?? null;
      const found = stats[index] ?? null;
      if (known === null || this.#troubles.has(index) || this.#judge(file, known, found) !== null) continue;
      this.#known[index] = found;
    }
    this.#isResting = true;
  }

  wake(): void {
    this.#isResting = false;
  }

  /** The file is the one that was written to, and was not whole: another content of it is nobody's work that must be kept. */
  isUnfinished(file: FileIndex): boolean {
    const seen = this.#troubles.get(file)?.seen ?? null;
    return this.#whole[file] === 0 && seen !== null && seen.inode === this.#known[file]?.inode;
  }

  /** The next look is due at once. */
  distrust(): void {
    this.#lookedAt = -Infinity;
  }

  /**
   * The files are right as they are now (`stats`); whole ones are as they were when `verified` was taken. With `expectsAll`, those
   * that are not there, or too short, are missing; where none is, those with wrong data are others than the torrent's.
   */
  remember(expectsAll: boolean, verified: FileStats, stats: FileStats): void {
    this.#lookedAt = this.#context.now();
    this.#known = stats.map((stat, index) => {
      const before = verified[index] ?? null;
      // What was longer has been cut by now.
      return before?.size === this.#layout.files[index]!.size && this.#files.isWhole(index) ? before : stat;
    });
    this.#expectsAll = expectsAll;
    this.#knownAt = this.#files.placeChanges;
    this.#troubles.clear();
    for (const file of this.#layout.files) {
      const { index } = file;
      const found = stats[index] ?? null;
      this.#whole[index] = found !== null && this.#files.isWhole(index) ? 1 : 0;
      if (!expectsAll || !hasData(file) || (found?.size ?? -1) >= file.size) continue;
      this.#known[index] = null;
      this.#troubles.set(index, { is: "missing", seen: found });
    }
    if (!expectsAll || this.#troubles.size > 0) return;
    for (const file of this.#layout.files) {
      const { index } = file;
      if (!hasData(file) || this.#whole[index] === 1) continue;
      this.#known[index] = null;
      this.#troubles.set(index, { is: "changed", seen: stats[index] ?? null });
    }
  }

  /** What changed since the last look; null when the next one is not due. */
  async lookWhenDue(now: Millis): Promise<readonly FileChange[] | null> {
    if (this.#looking !== null || this.isFresh(now)) return null;
    return this.look();
  }

  /** What changed since the last look. */
  look(): Promise<readonly FileChange[]> {
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** The file is right as it was last seen. */
  accept(file: FileIndex): void {
    const trouble = this.#troubles.get(file);
    if (trouble === undefined) return;
    this.#troubles.delete(file);
    this.#known[file] = trouble.seen;
    this.#whole[file] = trouble.seen !== null && this.#files.isWhole(file) ? 1 : 0;
  }

  async #look(): Promise<readonly FileChange[]> {
    const startedAt = this.#context.now();
    const { files } = this.#layout;
    // What is whole before the look was whole during it.
    const whole = files.map(({ index }) => this.#files.isWhole(index));
    const { placeChanges } = this.#files;
    const stats = await this.#files.stat();
    if (placeChanges !== this.#files.placeChanges) return [];
    if (placeChanges !== this.#knownAt) {
      this.#knownAt = placeChanges;
      this.#learn(stats);
      return [];
    }
    const changes: FileChange[] = [];
    for (const file of files) {
      if (!hasData(file)) continue;
      const is = this.#compare(file, stats[file.index] ?? null, whole[file.index]!);
      if (is !== null) changes.push({ file, is });
    }
    this.#lookedAt = this.#context.now();
    this.#took = this.#lookedAt - startedAt;
    return changes;
  }

  /** Takes files that were what they should be for what they are now, and those that have just come. */
  #learn(stats: FileStats): void {
    for (const { index } of this.#layout.files) {
      const found = stats[index] ?? null;
      if (found === null || this.#troubles.has(index)) continue;
      this.#known[index] = found;
      this.#whole[index] = this.#files.isWhole(index) ? 1 : 0;
    }
  }

  #compare(file: LayoutFile, found: FileStat | null, isWhole: boolean): FileChange["is"] | null {
    const { index } = file;
    const known = this.#known[index] ?? null;
    const before = this.#troubles.get(index);
    if (known === null && before === undefined) {
      // It has been wanted for a short time only.
      this.#known[index] = found;
      return null;
    }
    const is = this.#judge(file, known, found);
    if (is === null) {
      this.#known[index] = found;
      if (isWhole) this.#whole[index] = 1;
      return this.#troubles.delete(index) ? "back" : null;
    }
    if (before !== undefined && before.is === is && isSame(before.seen, found)) return null;
    this.#troubles.set(index, { is, seen: found });
    return before?.is === "missing" && is === "missing" ? null : is;
  }

  #judge(file: LayoutFile, known: FileStat | null, found: FileStat | null): "missing" | "changed" | null {
    if (found === null || found.size < (known?.size ?? file.size)) return "missing";
    if (known === null || found.inode !== known.inode) return "changed";
    const mayChange = this.#whole[file.index] === 0 && !this.#isResting;
    return mayChange || isSame(known, found) ? null : "changed";
  }
}

function hasData(file: LayoutFile): boolean {
  return !file.pad && file.symlink === null && file.size > 0;
}

function isSame(a: FileStat | null, b: FileStat | null): boolean {
  if (a === null || b === null) return a === b;
  return a.size === b.size && a.modifiedMs === b.modifiedMs && a.inode === b.inode;
}

import type { FileIndex } from "../base/brand.ts";
import type { ResumeState } from "../core/resume.ts";
import type { KnownFile } from "../core/resume-record.ts";
import type { Layout, LayoutFile } from "../meta/layout.ts";
import type { FileStat } from "../ports/disk.ts";
import type { FileStats } from "./file-watch.ts";

/** Inode of a file that we are about to create: recorded before it exists, so that a crash does not make it a stranger's. */
const TO_BE_CREATED = 0;

/** Which files are whose, as resume data has it: told by their inodes, so that a stranger's file is never taken for ours. */
export class KnownFiles {
  readonly #state: ResumeState;

  constructor(state: ResumeState) {
    this.#state = state;
  }

  /** True for a file that this download created, or was about to. */
  isOwn(file: FileIndex, stat: FileStat | null): boolean {
    const known = this.#state.files.get(file);
    if (known === undefined || !known.ours) return false;
    if (known.inode !== TO_BE_CREATED) return known.inode === stat?.inode;
    // What was about to be created is ours as long as nothing is in it but what came from the part file.
    return (stat?.size ?? 0) === 0 || this.#state.place?.skipped.includes(file) === true;
  }

  isKnown(file: FileIndex): boolean {
    return this.#state.files.has(file);
  }

  /** The file was seen on disk before. */
  wasThere(file: FileIndex): boolean {
    return (this.#state.files.get(file)?.inode ?? TO_BE_CREATED) !== TO_BE_CREATED;
  }

  /** This download created the file, or was about to, whatever is there now. */
  isOurs(file: FileIndex): boolean {
    return this.#state.files.get(file)?.ours === true;
  }

  /** What a start that found `stats` has to record; `takesOver`: files that are in the way are ours from here on. */
  atStart(
    files: readonly LayoutFile[],
    stats: FileStats,
    { writes, takesOver }: { readonly writes: boolean; readonly takesOver: boolean },
  ): KnownFile[] {
    return files
      .filter(({ index }) => writes || (stats[index] ?? null) !== null)
      .map(({ index }) => {
        const stat = stats[index] ?? null;
        const ours = (writes && (stat === null || takesOver)) || this.isOwn(index, stat);
        return { index, inode: stat?.inode ?? TO_BE_CREATED, ours };
      });
  }

  /** Skipped files are about to be created. Until they are no longer recorded as skipped, what is there is ours. */
  expect(files: readonly FileIndex[]): void {
    this.#state.addFiles(files.map((index) => ({ index, inode: TO_BE_CREATED, ours: true })));
  }

  /** They were not created: what is there is somebody else's. */
  disown(files: readonly FileIndex[]): void {
    this.#state.addFiles(files.map((index) => ({ index, inode: TO_BE_CREATED, ours: false })));
  }

  /** The files are where they were moved to, each of them the one that it was. */
  onMoved(stats: FileStats): void {
    this.#learn(stats, () => true);
  }

  /** Takes note of the inodes of files that were created meanwhile. True when there were any. */
  learnCreated(stats: FileStats): boolean {
    return this.#learn(stats, ({ inode }) => inode === TO_BE_CREATED);
  }

  /** The inodes of all files with bytes in the piece are recorded. */
  coversPiece(layout: Layout, piece: number): boolean {
    return layout
      .filesInPiece(piece)
      .every((file) => file.pad || this.#state.files.get(file.index)?.inode !== TO_BE_CREATED);
  }

  #learn(stats: FileStats, isDue: (file: KnownFile) => boolean): boolean {
    const found = [...this.#state.files.values()].filter(
      (file) => isDue(file) && (stats[file.index] ?? null) !== null,
    );
    this.#state.addFiles(found.map((file) => ({ ...file, inode: stats[file.index]!.inode })));
    return found.length > 0;
  }
}

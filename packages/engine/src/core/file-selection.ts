import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Layout } from "../meta/layout.ts";

/** How much a file is wanted: 0 is not at all, 4 is normal, higher ones come first. */
export type FilePriority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

export const SKIP: FilePriority = 0;
export const NORMAL: FilePriority = 4;
const HIGHEST: FilePriority = 7;
/** Bytes at either end of a file that come first for a preview: headers, and the index that some formats have at the end. */
const PREVIEW_BYTES = 1024 * 1024;

/** Which files of a torrent are wanted, how much, and what that makes of its pieces. */
export class FileSelection {
  /** Bytes of the wanted files. */
  wantedBytes = 0;
  /** The ends of each wanted file come before everything else. */
  firstLast = false;
  readonly #layout: Layout;
  readonly #priorities: Uint8Array;

  /** `priorityOf` is asked for every file but pads, which nobody wants. */
  constructor(layout: Layout, priorityOf: (file: FileIndex) => FilePriority) {
    this.#layout = layout;
    this.#priorities = new Uint8Array(layout.files.length);
    for (const { index, pad } of layout.files) if (!pad) this.#set(index, priorityOf(index));
  }

  priority(file: FileIndex): FilePriority {
    return this.#priorities[file] as FilePriority;
  }

  isWanted(file: FileIndex): boolean {
    return this.#priorities[file] !== SKIP;
  }

  /** Throws ERR_INVALID_ARGUMENT, and changes nothing, for a file that the torrent lacks or a priority that is none. */
  assertFits(changes: ReadonlyMap<FileIndex, FilePriority>): void {
    for (const [file, priority] of changes) {
      if (this.#layout.files[file] === undefined || this.#layout.files[file].pad)
        throw new ShoalError("ERR_INVALID_ARGUMENT", `The torrent has no file number ${file}`);
      if (!Number.isInteger(priority) || priority < SKIP || priority > HIGHEST)
        throw new ShoalError(
          "ERR_INVALID_ARGUMENT",
          `A priority is a whole number from 0 to 7, not ${priority}`,
        );
    }
  }

  /** Takes over priorities; returns the files whose priority is another one now. */
  change(changes: ReadonlyMap<FileIndex, FilePriority>): FileIndex[] {
    this.assertFits(changes);
    const changed = [...changes].filter(([file, priority]) => this.#priorities[file] !== priority);
    for (const [file, priority] of changed) this.#set(file, priority);
    return changed.map(([file]) => file);
  }

  /** The highest priority of the files with a byte in the piece. */
  piecePriority(piece: PieceIndex): FilePriority {
    const { pieceLength } = this.#layout;
    let highest: number = SKIP;
    this.#layout.spans(piece * pieceLength, this.#layout.pieceSize(piece), (file, offset, length) => {
      const priority = this.#priorities[file.index]!;
      if (priority === SKIP) return;
      const atEnd = offset < PREVIEW_BYTES || offset + length > file.size - PREVIEW_BYTES;
      highest = Math.max(highest, this.firstLast && atEnd ? HIGHEST : priority);
    });
    return highest as FilePriority;
  }

  /** Files whose priority is not the normal one, for a record of them. */
  exceptions(): Map<FileIndex, FilePriority> {
    const exceptions = new Map<FileIndex, FilePriority>();
    for (const { index, pad } of this.#layout.files) {
      if (!pad && this.#priorities[index] !== NORMAL) exceptions.set(index, this.priority(index));
    }
    return exceptions;
  }

  #set(file: FileIndex, priority: FilePriority): void {
    const { size } = this.#layout.files[file]!;
    this.wantedBytes += ((priority === SKIP ? 0 : 1) - (this.isWanted(file) ? 1 : 0)) * size;
    this.#priorities[file] = priority;
  }
}

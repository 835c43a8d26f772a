import { isAbsolute, join, resolve } from "node:path";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import { Layout, padEntry } from "../meta/layout.ts";
import type { LayoutEntry } from "../meta/layout.ts";
import type { StorageSpec } from "../ports/disk.ts";

/** Number of the part file among the files of a storage. */
export const PART_FILE = -1;

const PAD = 1;
const EXECUTABLE = 2;
const SKIPPED = 4;
const LINK = 8;

/** A storage in a form that is cheap to send to a worker, however many files it has. */
export interface PackedTable {
  readonly kind: Layout["kind"];
  readonly pieceLength: number;
  readonly sizes: Float64Array;
  readonly flags: Uint8Array;
  readonly root: string;
  readonly partPath: string;
  /** Paths below the root, joined with NUL. */
  readonly paths: string;
  /** See `FileTable.inodes`. */
  readonly inodes: Float64Array | null;
}

/** Called for each stretch of one real file. `file` is a file index or PART_FILE; `at` is the distance from `begin`. */
type StretchVisitor = (file: number, fileOffset: number, length: number, at: number) => void;
/** Called for each stretch of padding. */
type PadVisitor = (length: number, at: number) => void;

/** Which bytes of a storage lie in which file on disk. */
export class FileTable {
  readonly layout: Layout;
  readonly root: string;
  readonly partPath: string;
  readonly paths: readonly string[];
  /**
   * The files as they were when the storage was last prepared: only these are written to. 0: none was there, and none is made;
   * null while the storage is not prepared.
   */
  inodes: Float64Array | null = null;
  readonly #skipped: ReadonlySet<FileIndex>;

  /** Throws ERR_PATH when a path could leave the root: the path policy was not applied. */
  constructor(spec: StorageSpec) {
    this.layout = spec.layout;
    this.root = resolve(spec.root);
    this.partPath = spec.partPath;
    this.paths = spec.paths;
    this.#skipped = spec.skipped;
    for (const file of spec.layout.files) {
      if (!file.pad) assertPlain(spec.paths[file.index] ?? "");
    }
  }

  static unpack(packed: PackedTable): FileTable {
    const skipped = new Set<FileIndex>();
    const entries: LayoutEntry[] = [];
    const addsPads = packed.kind === "v2";
    packed.flags.forEach((flags, index) => {
      if ((flags & SKIPPED) !== 0) skipped.add(index);
      const pad = (flags & PAD) !== 0;
      if (pad && addsPads) return;
      const executable = (flags & EXECUTABLE) !== 0;
      // Where links lead is not packed: workers only have to know that they are no files.
      const symlink = (flags & LINK) === 0 ? null : [];
      entries.push({ ...padEntry(packed.sizes[index] as number), path: [], pad, executable, symlink });
    });
    const table = new FileTable({
      layout: new Layout(packed.kind, packed.pieceLength, entries),
      root: packed.root,
      partPath: packed.partPath,
      paths: packed.paths.split("\0"),
      skipped,
    });
    table.inodes = packed.inodes;
    return table;
  }

  pack(): PackedTable {
    const { files, kind, pieceLength } = this.layout;
    const sizes = new Float64Array(files.length);
    const flags = new Uint8Array(files.length);
    for (const file of files) {
      sizes[file.index] = file.size;
      flags[file.index] =
        (file.pad ? PAD : 0) |
        (file.executable ? EXECUTABLE : 0) |
        (file.symlink === null ? 0 : LINK) |
        (this.isSkipped(file.index) ? SKIPPED : 0);
    }
    const { root, partPath, inodes } = this;
    return { kind, pieceLength, sizes, flags, root, partPath, paths: this.paths.join("\0"), inodes };
  }

  /** The same torrent with other files skipped, or at another place. */
  with(change: Partial<Pick<StorageSpec, "root" | "paths" | "skipped">>): FileTable {
    const { layout, root, paths, partPath } = this;
    const table = new FileTable({ layout, root, paths, partPath, skipped: this.#skipped, ...change });
    table.inodes = this.inodes?.slice() ?? null;
    return table;
  }

  isSkipped(file: FileIndex): boolean {
    return this.#skipped.has(file);
  }

  /** Absolute path of a file or of the part file. */
  absolute(file: number): string {
    return file === PART_FILE ? this.partPath : join(this.root, this.paths[file] as string);
  }

  executable(file: number): boolean {
    return file !== PART_FILE && (this.layout.files[file]?.executable ?? false);
  }

  /** Visits the files under a stretch of a piece, in order; skipped files stand in the part file at their torrent offset. */
  visit(
    piece: PieceIndex,
    begin: number,
    length: number,
    onFile: StretchVisitor,
    onPad: PadVisitor | null,
  ): void {
    const start = piece * this.layout.pieceLength + begin;
    this.layout.spans(start, length, (file, fileOffset, part, at) => {
      if (file.pad) onPad?.(part, at);
      else if (this.#skipped.has(file.index)) onFile(PART_FILE, file.offset + fileOffset, part, at);
      else onFile(file.index, fileOffset, part, at);
    });
  }
}

/** An empty, "." or ".." component, also at either end, or a NUL. */
const NOT_PLAIN = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

function assertPlain(path: string): void {
  if (NOT_PLAIN.test(path) || isAbsolute(path)) {
    throw new ShoalError("ERR_PATH", `"${path}" is not a safe path`, { path });
  }
}

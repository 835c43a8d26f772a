import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { ShoalError } from "../base/errors.ts";
import type { Layout } from "../meta/layout.ts";

/** Number that names an opened storage. */
export type StorageId = number;

/** Where a torrent's bytes lie on disk. */
export interface StorageSpec {
  readonly layout: Layout;
  /** Absolute folder that holds the torrent's files. */
  readonly root: string;
  /**
   * Path below `root` for each file of the layout, components joined with "/", already made safe by the path policy.
   * Pad files have an entry that is never used.
   */
  readonly paths: readonly string[];
  /** Files whose bytes are not wanted: they go to `partPath` at their torrent offset instead of to their own path. */
  readonly skipped: ReadonlySet<FileIndex>;
  /** Absolute path of the sparse file for bytes of skipped files; created on first use. */
  readonly partPath: string;
}

/** What a change of the skipped files takes out of the part file. */
export interface PartCarry {
  /** Files that were skipped until now. */
  readonly files: readonly FileIndex[];
  /** Pieces of which something may be in the part file; asked for when nothing is under way. */
  pieces(): readonly PieceIndex[];
  /** The file may be there already, because an earlier attempt left it. */
  mayExist(file: FileIndex): boolean;
}

/** Where files lie; see `StorageSpec`. */
export type StoragePlace = Pick<StorageSpec, "root" | "paths">;

export interface RelocateOptions {
  /** Files that are in the way are replaced. */
  readonly overwrite?: boolean;
  /** Nothing is moved: somebody has put the files there already. */
  readonly adopt?: boolean;
  /** Ends it early; everything is where it was then. */
  readonly signal?: AbortSignal;
  /** Bytes that were copied, of how many; only where files go to another file system. */
  onProgress?(doneBytes: number, totalBytes: number): void;
  /** All copies are on stable storage; once this has ended the originals are deleted. Not called when files are renamed. */
  onCopied?(): Promise<void>;
  /** The files are at the new place; called before anything uses them there. */
  onMoved?(): void;
}

export interface HashKinds {
  readonly sha1: boolean;
  /** The root over the SHA-256 leaves of the 16 KiB blocks. */
  readonly merkle: boolean;
  /** The leaves themselves, in v1 too. */
  readonly leaves?: boolean;
}

export interface PieceDigest {
  /** 20 bytes over the whole piece including pad bytes (zeros), or null when not asked for. */
  readonly sha1: Uint8Array | null;
  /** 32 bytes: root over the piece's leaves, padded with zero hashes to `layout.leafWidth(piece)`; null when not asked for and in v1. */
  readonly root: Uint8Array | null;
  /** 32 bytes for each of the piece's blocks, or null when not asked for. */
  readonly leaves: Uint8Array | null;
}

export interface FileStat {
  readonly size: number;
  readonly modifiedMs: number;
  /** Changes when the path is given to another file. */
  readonly inode: number;
}

export type DiskDone = (error: ShoalError | null) => void;
export type HashDone = (error: ShoalError | null, digest: PieceDigest | null) => void;

/**
 * Bulk storage. Runs are at most one slot long, never cross a piece and begin on a block. `write`, `hash` and
 * `forget` of one piece are carried out in order; reads and other pieces are NOT ordered with them. Callbacks never run inside the call that they belong to.
 * Errors: ERR_NO_SPACE, ERR_FILE_CHANGED (missing or too short on read), ERR_DISK; `details.path` names the file and
 * `details.reason` is the system's error code where it has one.
 */
export interface Disk {
  /** `slotCount * slotBytes` bytes: slot i is at `i * slotBytes`. Shared with the workers in production. */
  readonly arena: Uint8Array;
  readonly slotBytes: number;
  readonly slotCount: number;

  /** Copies `length` bytes from `source[from]` to the arena. The one copy that a received block goes through. */
  copyIn(arenaOffset: number, source: Uint8Array, from: number, length: number): void;

  open(spec: StorageSpec): StorageId;
  /**
   * Creates folders, files (still empty) and symlinks, and gives executable files their bit. Files that are longer than the
   * torrent says are cut only when `truncateLonger` is set. From then on only these very files are written to: one that is gone is
   * not made again (ERR_FILES_MISSING), one that has come in its place is left alone (ERR_FILE_CHANGED). Returns what `stat` would.
   */
  prepare(storage: StorageId, options?: { readonly truncateLonger?: boolean }): Promise<(FileStat | null)[]>;
  /** Lets go of open files: what lies at their paths by then is read next. */
  reopen(storage: StorageId): void;
  /**
   * From now on exactly these files are skipped; what is skipped newly must have no data. With `carry`, creates the files in
   * it and copies into them what the part file has. Waits for what is under way, and what comes meanwhile waits for it.
   * Throws ERR_FILE_EXISTS, ERR_NO_SPACE and ERR_DISK; then nothing has changed.
   */
  assign(storage: StorageId, skipped: ReadonlySet<FileIndex>, carry: PartCarry | null): Promise<void>;
  /**
   * Takes the files to another place; what is missing is not missed. On one file system they are renamed; to another one they are
   * copied while reads and writes go on, and those wait only for the last bytes. Throws ERR_FILE_EXISTS, ERR_NO_SPACE, ERR_DISK
   * and what the signal says; then everything is where it was.
   */
  relocate(storage: StorageId, to: StoragePlace, options?: RelocateOptions): Promise<void>;
  /**
   * After a crash in the middle of `relocate`, for a storage opened at the old place: goes on to the new place when everything had
   * been `copied`, else takes everything back. Returns whether the files are at the new place.
   */
  recoverRelocation(storage: StorageId, to: StoragePlace, copied: boolean): Promise<boolean>;
  /**
   * Deletes the files that `isOwn` names, links of the torrent's, folders that are empty then, and the part file. Nothing outside
   * `root` and nothing else in it. The storage stays open. With `trashDir`, best on the same file system, the files are moved there under their
   * paths, and the part file stays.
   */
  removeFiles(
    storage: StorageId,
    isOwn: (file: FileIndex) => boolean,
    trashDir?: string | null,
  ): Promise<void>;
  /** Deletes the part file: nothing in it is needed any more. */
  dropPart(storage: StorageId): Promise<void>;
  /** Closes file handles after all operations under way. */
  close(storage: StorageId): Promise<void>;

  /**
   * Writes `length` bytes at arena offset `arenaOffset` to `begin` (bytes from the piece's start); pad bytes are skipped.
   * What is written in order from the piece's start is hashed on the way. The slot must not change before `done`.
   */
  write(
    storage: StorageId,
    piece: PieceIndex,
    begin: number,
    arenaOffset: number,
    length: number,
    done: DiskDone,
  ): void;
  /** Digest of what is on disk for a piece; reads back what was not hashed while it was written. Forgets hash state. */
  hash(
    storage: StorageId,
    piece: PieceIndex,
    kinds: HashKinds,
    done: (error: ShoalError | null, digest: PieceDigest | null) => void,
  ): void;
  /** Drops the piece's hash state, so that the next `hash` reads everything from disk. */
  forget(storage: StorageId, piece: PieceIndex): void;
  /**
   * Reads `length` bytes from `begin` of the piece into `target`. After every `blockLength` bytes `gap` bytes of the target are left
   * alone (room for message headers): byte i of the run lands at `offset + i + floor(i / blockLength) * gap`. Pad bytes read as zeros.
   */
  read(
    storage: StorageId,
    piece: PieceIndex,
    begin: number,
    length: number,
    target: Uint8Array,
    offset: number,
    blockLength: number,
    gap: number,
    done: DiskDone,
  ): void;

  /** fsync of every file written since the last call, or of every file that exists when `everything` is set. */
  sync(storage: StorageId, everything?: boolean): Promise<void>;
  /** Per file of the layout; null where there is no regular file (always for pads and skipped files). */
  stat(storage: StorageId): Promise<(FileStat | null)[]>;
  /** Bytes an ordinary user may still write to the file system of `path` (its nearest existing parent). */
  freeSpace(path: string): Promise<number>;
  /** Ends the workers. */
  shutdown(): Promise<void>;
}

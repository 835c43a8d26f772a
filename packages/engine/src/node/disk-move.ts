import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { ShoalError } from "../base/errors.ts";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { RelocateOptions } from "../ports/disk.ts";
import { spaceError } from "../core/disk-trouble.ts";
import { copyRange } from "./copy-range.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import { freeSpaceOf } from "./disk-files.ts";
import { prepareLinks, removeLinks } from "./disk-links.ts";
import { removeEmptyFolders } from "./empty-folders.ts";
import type { FileTable } from "./file-table.ts";
import { noteInodes } from "./note-inodes.ts";
import { assertInside, ensureFolder, stepsTo } from "./safe-folder.ts";
import { syncFolder } from "./sync-folder.ts";

const NO_FOLLOW: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** A copy has this at the end of its name until all are there: names from the path policy leave room for it. */
const COPY_SUFFIX = ".shoal-copy";
/** Rounds of copying what was written meanwhile before writing has to wait. */
const ROUNDS = 3;

interface Step {
  readonly file: FileIndex;
  readonly source: string;
  readonly target: string;
}

/** A storage's files on their way from one place to another. */
export class DiskMove {
  readonly #from: FileTable;
  readonly #to: FileTable;
  readonly #options: RelocateOptions;
  /** Files of which a copy was begun. */
  readonly #begun: Set<FileIndex> = new Set();
  /** Files of which there is a copy. */
  readonly #copied: Set<FileIndex> = new Set();
  /** When the originals were changed last, as their copies have it. */
  readonly #sealed: Map<FileIndex, number> = new Map();
  /** Folders with new names in them. */
  readonly #folders: Set<string> = new Set();
  #doneBytes = 0;
  #totalBytes = 0;

  constructor(from: FileTable, to: FileTable, options: RelocateOptions = {}) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
  }

  /** Throws ERR_FILE_EXISTS when something else has a name that is needed. */
  async assertFree(): Promise<void> {
    if (this.#options.overwrite === true) return;
    for (const { source, target } of await this.#steps()) {
      const there = await lstat(target).catch(() => null);
      if (there === null) continue;
      // Where case does not count, the file's new name is its old one.
      const here = await lstat(source);
      if (here.ino === there.ino && here.dev === there.dev) continue;
      throw inTheWay(target);
    }
  }

  /** True when bytes have to be copied. */
  async isFar(): Promise<boolean> {
    for (const { source, target } of await this.#steps()) {
      if ((await lstat(source)).dev !== (await deviceOf(dirname(target)))) return true;
    }
    return false;
  }

  /** Renames all files; the last ones back when one can't be. */
  async rename(): Promise<void> {
    const done: Step[] = [];
    try {
      for (const step of await this.#steps()) {
        this.#options.signal?.throwIfAborted();
        await moveFile(this.#from.root, this.#to.root, step);
        this.#folders.add(dirname(step.target));
        done.push(step);
      }
      await this.#settleLinks();
      await this.#syncFolders();
      await removeEmptyFolders(this.#from);
    } catch (error) {
      for (const { file, source, target } of done.reverse())
        await moveFile(this.#to.root, this.#from.root, { file, source: target, target: source });
      await removeEmptyFolders(this.#to);
      await prepareLinks(this.#from);
      throw error;
    }
  }

  /** Copies everything, then what `takeWritten` says was written meanwhile. Throws ERR_NO_SPACE before it begins. */
  async copy(takeWritten: () => Promise<readonly PieceIndex[]>): Promise<void> {
    await this.#assertSpace();
    await this.#copyMissing();
    for (let round = 0; round < ROUNDS; round++) {
      const written = await takeWritten();
      if (written.length === 0) return;
      await this.#copyPieces(written);
    }
  }

  /** With nothing else under way: copies the rest, makes sure that all is there, and gives the copies their names. */
  async publish(written: readonly PieceIndex[]): Promise<void> {
    await this.#copyPieces(written);
    await this.#copyMissing();
    for (const step of await this.#steps()) this.#sealed.set(step.file, await sealCopy(step));
    await this.#syncFolders();
    await this.#options.onCopied?.();
    await this.#nameCopies();
    await noteInodes(this.#to, this.#copied);
    await this.#settleLinks();
  }

  /** After `publish`: deletes what was copied. */
  async removeSources(): Promise<void> {
    for (const { file, source, target } of await this.#steps()) {
      const copy = await lstat(target).catch(() => null);
      const original = await lstat(source);
      // Nothing is deleted that is not there once more, or that somebody changed since.
      if (copy?.isFile() !== true || copy.size < original.size) continue;
      if (copy.ino === original.ino && copy.dev === original.dev) continue;
      if ((this.#sealed.get(file) ?? original.mtimeMs) === original.mtimeMs) await unlink(source);
    }
    await removeEmptyFolders(this.#from);
  }

  /** Takes back what was copied, and nothing that was there before. */
  async undoCopies(): Promise<void> {
    for (const file of this.#begun) await unlink(this.#to.absolute(file) + COPY_SUFFIX).catch(() => {});
    await removeEmptyFolders(this.#to);
  }

  /** After a crash before everything had been copied: what was renamed already comes back. */
  async takeBack(): Promise<void> {
    for (const { index, pad, symlink } of this.#from.layout.files)
      if (!pad && symlink === null) this.#begun.add(index);
    await this.undoCopies();
    for (const { index, pad, symlink } of this.#from.layout.files) {
      if (pad || symlink !== null || this.#from.isSkipped(index)) continue;
      const step = { file: index, source: this.#to.absolute(index), target: this.#from.absolute(index) };
      if (step.source === step.target) continue;
      if ((await lstat(step.target).catch(() => null)) !== null) continue;
      if ((await lstat(step.source).catch(() => null))?.isFile() !== true) continue;
      await moveFile(this.#to.root, this.#from.root, step);
    }
    await removeLinks(this.#to);
    await prepareLinks(this.#from);
    await removeEmptyFolders(this.#to);
  }

  /** After a crash when everything had been copied: goes on from there. False when the copies were taken back since. */
  async goOn(): Promise<boolean> {
    for (const { target } of await this.#steps()) {
      const copies = [target, target + COPY_SUFFIX].map((path) => lstat(path).catch(() => null));
      if ((await Promise.all(copies)).every((copy) => copy === null)) return false;
    }
    for (const { index, pad } of this.#to.layout.files) if (!pad) this.#copied.add(index);
    await this.#nameCopies();
    await this.#settleLinks();
    await this.removeSources();
    return true;
  }

  /** Regular files that are there and go somewhere else. */
  async #steps(): Promise<Step[]> {
    const steps: Step[] = [];
    if (this.#options.adopt === true) return steps;
    for (const { index, pad, symlink } of this.#from.layout.files) {
      if (pad || symlink !== null || this.#from.isSkipped(index)) continue;
      const source = this.#from.absolute(index);
      const target = this.#to.absolute(index);
      if (source === target) continue;
      const stats = await lstat(source).catch(() => null);
      if (stats?.isFile() === true) steps.push({ file: index, source, target });
    }
    return steps;
  }

  async #settleLinks(): Promise<void> {
    await removeLinks(this.#from);
    await prepareLinks(this.#to);
  }

  async #assertSpace(): Promise<void> {
    let needed = 0;
    for (const { source } of await this.#steps()) {
      const { size, blocks } = await lstat(source);
      this.#totalBytes += size;
      needed += Math.min(size, blocks * 512);
    }
    const free = await freeSpaceOf(this.#to.root);
    if (needed <= free) return;
    throw spaceError(this.#to.root, needed, free);
  }

  /** Copies files of which there is no copy yet. */
  async #copyMissing(): Promise<void> {
    for (const step of await this.#steps()) {
      if (this.#copied.has(step.file)) continue;
      const { signal } = this.#options;
      await this.#withCopy(step, true, async (source, copy) => {
        const { size, mode } = await source.stat();
        const onStep = (bytes: number): void => {
          this.#doneBytes += bytes;
          this.#options.onProgress?.(this.#doneBytes, Math.max(this.#totalBytes, this.#doneBytes));
        };
        await copyRange(source, 0, copy, 0, size, {
          overHole: true,
          onStep,
          ...(signal === undefined ? {} : { signal }),
        });
        await copy.chmod(mode & 0o777);
      });
      this.#copied.add(step.file);
    }
  }

  async #copyPieces(pieces: readonly PieceIndex[]): Promise<void> {
    const { pieceLength } = this.#from.layout;
    const { signal } = this.#options;
    for (const step of await this.#steps()) {
      if (!this.#copied.has(step.file)) continue;
      const { firstPiece, endPiece, offset, size } = this.#from.layout.files[step.file]!;
      const own = pieces.filter((piece) => piece >= firstPiece && piece < endPiece);
      if (own.length === 0) continue;
      await this.#withCopy(step, false, async (source, copy) => {
        for (const piece of own) {
          const from = Math.max(0, piece * pieceLength - offset);
          const to = Math.min(size, (piece + 1) * pieceLength - offset);
          const how = { overHole: false, ...(signal === undefined ? {} : { signal }) };
          await copyRange(source, from, copy, from, to - from, how);
        }
      });
    }
  }

  async #withCopy(
    { file, source, target }: Step,
    fresh: boolean,
    work: (source: FileHandle, copy: FileHandle) => Promise<void>,
  ): Promise<void> {
    const path = target + COPY_SUFFIX;
    try {
      await assertInside(this.#from.root, dirname(source));
      await ensureFolder(this.#to.root, dirname(target));
      this.#folders.add(dirname(target));
      const from = await open(source, constants.O_RDONLY | NO_FOLLOW);
      try {
        const flags = constants.O_RDWR | NO_FOLLOW | (fresh ? constants.O_CREAT | constants.O_EXCL : 0);
        const copy = await open(path, flags, 0o666);
        this.#begun.add(file);
        try {
          await work(from, copy);
        } finally {
          await copy.close();
        }
      } finally {
        await from.close();
      }
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      throw errnoOf(error) === "EEXIST" ? inTheWay(path) : systemError(error, path, false);
    }
  }

  /** Gives copies their names, or none of them. */
  async #nameCopies(): Promise<void> {
    const named: string[] = [];
    try {
      for (const index of this.#copied) {
        const target = this.#to.absolute(index);
        const copy = target + COPY_SUFFIX;
        if ((await lstat(copy).catch(() => null)) === null) continue;
        if (this.#options.overwrite !== true && (await lstat(target).catch(() => null)) !== null)
          throw inTheWay(target);
        await rename(copy, target);
        named.push(target);
        this.#folders.add(dirname(target));
      }
    } catch (error) {
      for (const target of named) await rename(target, target + COPY_SUFFIX);
      throw systemError(error, this.#to.root, false);
    }
    await this.#syncFolders();
  }

  async #syncFolders(): Promise<void> {
    for (const folder of this.#folders) {
      await syncFolder(folder);
      for (const step of stepsTo(this.#to.root, folder)) await syncFolder(dirname(step));
    }
  }
}

function inTheWay(path: string): ShoalError {
  return new ShoalError("ERR_FILE_EXISTS", `${path} already exists and is not part of this download`, {
    path,
  });
}

/** Makes a copy as long as its original, and durable. Throws ERR_DISK when it is not what it should be. Returns when the original was changed last. */
async function sealCopy({ source, target }: Step): Promise<number> {
  const path = target + COPY_SUFFIX;
  try {
    const { size, atimeMs, mtimeMs } = await lstat(source);
    const copy = await open(path, constants.O_RDWR | NO_FOLLOW);
    try {
      // A hole at the end was not written.
      await copy.truncate(size);
      await copy.utimes(atimeMs / 1000, mtimeMs / 1000);
      await copy.sync();
      if ((await copy.stat()).size !== size)
        throw new ShoalError("ERR_DISK", `The copy "${path}" is too short`);
      return mtimeMs;
    } finally {
      await copy.close();
    }
  } catch (error) {
    throw systemError(error, path, false);
  }
}

/** Renames a file, through no link that leads out of either root. */
async function moveFile(fromRoot: string, toRoot: string, { source, target }: Step): Promise<void> {
  try {
    await assertInside(fromRoot, dirname(source));
    await ensureFolder(toRoot, dirname(target));
    await rename(source, target);
  } catch (error) {
    throw systemError(error, target, false);
  }
}

/** Device of a folder, or of the nearest one above it that exists. */
async function deviceOf(folder: string): Promise<number> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      return (await stat(at)).dev;
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" || at === dirname(at)) throw systemError(error, at, false);
    }
  }
}

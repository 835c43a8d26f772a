import {
  BLOCK_SIZE,
  type FileStat,
  type PartCarry,
  ShoalError,
  type StoragePlace,
  type StorageSpec,
} from "@shoal/engine/composition";
import type { KnownBlocks } from "./known-blocks.ts";
import { SimulatedFile } from "./simulated-file.ts";

/** The files of a disk, and torrent space laid over them. They outlive sessions and crashes. */
export class DiskFiles {
  readonly known: KnownBlocks;
  /** By absolute path. */
  readonly files: Map<string, SimulatedFile> = new Map();
  /** Bytes that may still be written. */
  free: number = Infinity;
  /** Inodes of the files that a storage was prepared with, by path. */
  readonly #prepared: WeakMap<StorageSpec, ReadonlyMap<string, number>> = new WeakMap();
  #nextInode = 100;
  #time = 1;

  constructor(known: KnownBlocks) {
    this.known = known;
  }

  put(path: string, bytes: Uint8Array): SimulatedFile {
    const file = new SimulatedFile(this.known, this.#time++, this.#nextInode++);
    file.bytes = bytes;
    this.files.set(path, file);
    return file;
  }

  touch(path: string): void {
    this.files.get(path)!.modifiedMs = this.#time++;
  }

  prepare(spec: StorageSpec, truncateLonger: boolean): void {
    const inodes = new Map<string, number>();
    for (const file of spec.layout.files) {
      if (file.pad || file.symlink !== null || spec.skipped.has(file.index)) continue;
      const path = pathOf(spec, file.index);
      const found = this.files.get(path) ?? this.put(path, new Uint8Array(0));
      if (found.size > file.size && truncateLonger) found.truncate(file.size);
      inodes.set(path, found.inode);
    }
    this.#prepared.set(spec, inodes);
  }

  /** Gives files that were skipped what the part file has. Throws ERR_FILE_EXISTS, and has changed nothing then. */
  carry(spec: StorageSpec, carry: PartCarry): void {
    for (const index of carry.files) {
      const path = pathOf(spec, index);
      if (this.files.has(path) && !carry.mayExist(index))
        throw new ShoalError("ERR_FILE_EXISTS", `${path} already exists`, { path });
    }
    const pieces = carry.pieces();
    for (const index of carry.files) this.#fill(spec, index, pieces);
  }

  /** Gives the files the names that they have at another place. Throws ERR_FILE_EXISTS, and has changed nothing then. */
  relocate(spec: StorageSpec, to: StoragePlace, overwrite: boolean): void {
    const target = { ...spec, ...to };
    const moved = spec.layout.files
      .filter(({ index, pad }) => !pad && !spec.skipped.has(index))
      .map(({ index }) => ({ from: pathOf(spec, index), to: pathOf(target, index) }))
      .filter((step) => step.from !== step.to && this.files.has(step.from));
    for (const { to: path } of moved) {
      if (!overwrite && this.files.has(path))
        throw new ShoalError("ERR_FILE_EXISTS", `${path} already exists`, { path });
    }
    for (const step of moved) {
      this.files.set(step.to, this.files.get(step.from)!);
      this.files.delete(step.from);
    }
  }

  remove(spec: StorageSpec, isOwn: (file: number) => boolean, trashDir: string | null): void {
    for (const { index, pad } of spec.layout.files) {
      if (pad || spec.skipped.has(index) || !isOwn(index)) continue;
      const path = pathOf(spec, index);
      const file = this.files.get(path);
      this.files.delete(path);
      if (trashDir !== null && file !== undefined) this.files.set(`${trashDir}/${spec.paths[index]!}`, file);
    }
    if (trashDir === null) this.files.delete(spec.partPath);
  }

  stat(spec: StorageSpec): (FileStat | null)[] {
    return spec.layout.files.map((file) => {
      const found =
        file.pad || spec.skipped.has(file.index) ? undefined : this.files.get(pathOf(spec, file.index));
      if (found === undefined) return null;
      return { size: found.size, modifiedMs: found.modifiedMs, inode: found.inode };
    });
  }

  /** Throws ERR_FILES_MISSING, ERR_FILE_CHANGED and ERR_NO_SPACE; the blocks before the one that does not fit are written. */
  write(spec: StorageSpec, piece: number, begin: number, blocks: readonly WrittenBlock[]): void {
    let from = begin;
    for (const block of blocks) {
      this.#writeBlock(spec, piece, from, block);
      from += block.length;
    }
  }

  /** Throws ERR_FILE_CHANGED when a file is missing or too short. */
  read(
    spec: StorageSpec,
    piece: number,
    begin: number,
    length: number,
    target: Uint8Array,
    to: number,
  ): void {
    const pads = (at: number, part: number): void => void target.fill(0, to + at, to + at + part);
    this.#spans(
      spec,
      piece,
      begin,
      length,
      (path, offset, part, at) => this.#existing(path, offset + part).read(offset, part, target, to + at),
      pads,
    );
  }

  bytes(spec: StorageSpec, piece: number, begin: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.read(spec, piece, begin, length, bytes, 0);
    return bytes;
  }

  /**
   * A text that is the same for pieces with the same content, or null when there is more than known blocks and pads in it. Throws
   * ERR_FILE_CHANGED.
   */
  fingerprint(spec: StorageSpec, piece: number): string | null {
    const { layout } = spec;
    const size = layout.pieceSize(piece);
    let text: string | null = "";
    let end = 0;
    this.#spans(spec, piece, 0, size, (path, offset, length, at) => {
      const file = this.#existing(path, offset + length);
      text = text === null || offset % BLOCK_SIZE !== 0 ? null : `${text}@${at}:${length}`;
      for (let i = 0; i < length && text !== null; i += BLOCK_SIZE) {
        const where = file.knownAt((offset + i) / BLOCK_SIZE);
        text = where === null ? null : `${text},${where}`;
      }
      end = at + length;
    });
    return text === null ? null : `${size} ${end} ${text}`;
  }

  #fill(spec: StorageSpec, index: number, pieces: readonly number[]): void {
    const { offset, size, firstPiece, endPiece } = spec.layout.files[index]!;
    const { pieceLength } = spec.layout;
    const file = this.files.get(pathOf(spec, index)) ?? this.put(pathOf(spec, index), new Uint8Array(0));
    const part = this.files.get(spec.partPath);
    for (const piece of pieces) {
      if (part === undefined || piece < firstPiece || piece >= endPiece) continue;
      const from = Math.max(0, piece * pieceLength - offset);
      const to = Math.min(size, (piece + 1) * pieceLength - offset, part.size - offset);
      if (to <= from) continue;
      const bytes = new Uint8Array(to - from);
      part.read(offset + from, bytes.length, bytes, 0);
      file.write(from, bytes, 0, bytes.length);
    }
    file.modifiedMs = this.#time++;
  }

  #writeBlock(spec: StorageSpec, piece: number, begin: number, block: WrittenBlock): void {
    this.#spans(spec, piece, begin, block.length, (path, offset, part, at) => {
      const file = this.#writable(spec, path);
      const growth = file.growthOf(offset, part);
      if (growth > this.free)
        throw new ShoalError("ERR_NO_SPACE", `No space left for ${path}`, { path, reason: "ENOSPC" });
      this.free -= growth;
      if (block.where >= 0 && part === block.length) file.writeKnown(offset, block.where, part);
      else file.write(offset, this.#bytesOf(block), at, part);
      file.modifiedMs = this.#time++;
    });
  }

  #writable(spec: StorageSpec, path: string): SimulatedFile {
    const file = this.files.get(path);
    const inode = this.#prepared.get(spec)?.get(path);
    if (inode === undefined || file?.inode === inode) return file ?? this.put(path, new Uint8Array(0));
    if (file === undefined) throw new ShoalError("ERR_FILES_MISSING", `${path} is missing`, { path });
    throw new ShoalError("ERR_FILE_CHANGED", `${path} was replaced by another file`, { path });
  }

  #bytesOf(block: WrittenBlock): Uint8Array {
    return block.bytes ?? this.known.view(block.where, block.length);
  }

  #existing(path: string, size: number): SimulatedFile {
    const file = this.files.get(path);
    if (file === undefined || file.size < size)
      throw new ShoalError("ERR_FILE_CHANGED", `${path} is too short`, { path });
    return file;
  }

  #spans(
    spec: StorageSpec,
    piece: number,
    begin: number,
    length: number,
    visit: (path: string, offset: number, length: number, at: number) => void,
    onPad: (at: number, length: number) => void = () => undefined,
  ): void {
    spec.layout.spans(piece * spec.layout.pieceLength + begin, length, (file, offset, part, at) => {
      if (file.pad) onPad(at, part);
      else if (spec.skipped.has(file.index)) visit(spec.partPath, file.offset + offset, part, at);
      else visit(pathOf(spec, file.index), offset, part, at);
    });
  }
}

/** One block on its way to the disk: a known one, or bytes. */
export interface WrittenBlock {
  /** Place in the pattern, or -1. */
  readonly where: number;
  readonly bytes: Uint8Array | null;
  readonly length: number;
}

function pathOf(spec: StorageSpec, file: number): string {
  return `${spec.root}/${spec.paths[file]!}`;
}

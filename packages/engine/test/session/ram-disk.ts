import { ShoalError } from "../../dist/base/errors.js";
import { BLOCK_SIZE } from "../../dist/meta/layout.js";
import { merkleRoot } from "../../dist/meta/merkle.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import type {
  Disk,
  DiskDone,
  FileStat,
  HashDone,
  HashKinds,
  StorageId,
  StorageSpec,
} from "../../dist/ports/disk.js";
import type { Later } from "./simulated-net.ts";

/** A file in memory. */
export interface RamFile {
  bytes: Uint8Array;
  modifiedMs: number;
  inode: number;
}

type Operation = "stat" | "sync" | "hash" | "write" | "read" | "prepare";

/**
 * A disk in memory, shared by sessions that come one after another. Operations can be made to fail and be held back; those
 * on a closed storage fail as the real disk's do, and are counted.
 */
export class RamDisk implements Disk {
  readonly slotBytes: number = 262_144;
  readonly slotCount: number;
  readonly arena: Uint8Array;
  /** By absolute path. */
  readonly files: Map<string, RamFile> = new Map();
  free: number = Infinity;
  /** Thrown by operations of that kind. */
  readonly failing: Map<Operation, ShoalError> = new Map();
  /** Operations, in the order in which they began. */
  readonly log: string[] = [];
  /** Operations on storages that were closed before. */
  afterClose: string[] = [];
  readonly #later: Later;
  readonly #storages: Map<StorageId, StorageSpec> = new Map();
  readonly #held: Map<Operation, (() => void)[]> = new Map();
  #nextStorage = 1;
  #nextInode = 100;
  #clock = 1;

  constructor(later: Later, slotCount: number = 32) {
    this.#later = later;
    this.slotCount = slotCount;
    this.arena = new Uint8Array(slotCount * this.slotBytes);
  }

  /** Storages that are open. */
  get opened(): number {
    return this.#storages.size;
  }

  /** Operations of the kind begin but don't end until they are let go. */
  hold(kind: Operation): void {
    this.#held.set(kind, []);
  }

  letGo(kind: Operation): void {
    const held = this.#held.get(kind) ?? [];
    this.#held.delete(kind);
    for (const run of held) this.#later(run);
  }

  /** Lets the operation go that was held back first, and keeps holding the others. */
  letGoOne(kind: Operation): void {
    const run = this.#held.get(kind)?.shift();
    if (run !== undefined) this.#later(run);
  }

  put(path: string, bytes: Uint8Array): RamFile {
    const file = { bytes, modifiedMs: this.#clock++, inode: this.#nextInode++ };
    this.files.set(path, file);
    return file;
  }

  touch(path: string): void {
    this.files.get(path)!.modifiedMs = this.#clock++;
  }

  copyIn(arenaOffset: number, source: Uint8Array, from: number, length: number): void {
    this.arena.set(source.subarray(from, from + length), arenaOffset);
  }

  open(spec: StorageSpec): StorageId {
    const id = this.#nextStorage++;
    this.#storages.set(id, spec);
    return id;
  }

  async prepare(storage: StorageId, options: { readonly truncateLonger?: boolean } = {}): Promise<void> {
    const spec = await this.#begin("prepare", storage);
    for (const file of spec.layout.files) {
      if (file.pad || spec.skipped.has(file.index)) continue;
      const path = pathOf(spec, file.index);
      const found = this.files.get(path);
      if (file.size === 0 && found === undefined) this.put(path, new Uint8Array(0));
      if (found !== undefined && found.bytes.length > file.size && options.truncateLonger === true)
        found.bytes = found.bytes.slice(0, file.size);
    }
  }

  close(storage: StorageId): Promise<void> {
    this.#storages.delete(storage);
    return Promise.resolve();
  }

  write(
    storage: StorageId,
    piece: number,
    begin: number,
    arenaOffset: number,
    length: number,
    done: DiskDone,
  ): void {
    this.#run("write", storage, done, (spec) => {
      const data = this.arena.slice(arenaOffset, arenaOffset + length);
      this.#spans(spec, piece, begin, length, (path, offset, part, at) => {
        const file = this.files.get(path) ?? this.put(path, new Uint8Array(0));
        if (file.bytes.length < offset + part) {
          const longer = new Uint8Array(offset + part);
          longer.set(file.bytes);
          file.bytes = longer;
        }
        file.bytes.set(data.subarray(at, at + part), offset);
        file.modifiedMs = this.#clock++;
      });
      return () => done(null);
    });
  }

  hash(storage: StorageId, piece: number, kinds: HashKinds, done: HashDone): void {
    const fail = (error: ShoalError | null): void => done(error, null);
    this.#run("hash", storage, fail, (spec) => {
      const { layout } = spec;
      const bytes = this.#bytes(spec, piece, 0, layout.pieceSize(piece));
      const leaves = new Uint8Array(32 * layout.blockCount(piece));
      for (let block = 0; block < layout.blockCount(piece); block++) {
        const from = block * BLOCK_SIZE;
        leaves.set(
          nodeHasher.sha256(bytes.subarray(from, from + layout.blockLength(piece, block))),
          block * 32,
        );
      }
      const root = kinds.merkle
        ? merkleRoot((data) => nodeHasher.sha256(data), leaves, layout.leafWidth(piece))
        : null;
      const sha1 = kinds.sha1 ? nodeHasher.sha1(bytes) : null;
      return () => done(null, { sha1, root, leaves: kinds.merkle ? leaves : null });
    });
  }

  forget(): void {}

  read(
    storage: StorageId,
    piece: number,
    begin: number,
    length: number,
    target: Uint8Array,
    offset: number,
    chunk: number,
    gap: number,
    done: DiskDone,
  ): void {
    this.#run("read", storage, done, (spec) => {
      const bytes = this.#bytes(spec, piece, begin, length);
      for (let i = 0; i < length; i++) target[offset + i + Math.floor(i / chunk) * gap] = bytes[i]!;
      return () => done(null);
    });
  }

  async sync(storage: StorageId): Promise<void> {
    await this.#begin("sync", storage);
  }

  async stat(storage: StorageId): Promise<(FileStat | null)[]> {
    const spec = await this.#begin("stat", storage);
    return spec.layout.files.map((file) => {
      const found =
        file.pad || spec.skipped.has(file.index) ? undefined : this.files.get(pathOf(spec, file.index));
      if (found === undefined) return null;
      return { size: found.bytes.length, modifiedMs: found.modifiedMs, inode: found.inode };
    });
  }

  freeSpace(): Promise<number> {
    return Promise.resolve(this.free);
  }

  shutdown(): Promise<void> {
    this.#storages.clear();
    return Promise.resolve();
  }

  #begin(kind: Operation, storage: StorageId): Promise<StorageSpec> {
    return new Promise((resolve, reject) => this.#run(kind, storage, reject, (spec) => () => resolve(spec)));
  }

  #run(
    kind: Operation,
    storage: StorageId,
    fail: (error: ShoalError) => void,
    work: (spec: StorageSpec) => () => void,
  ): void {
    this.log.push(kind);
    const spec = this.#storages.get(storage);
    if (spec === undefined) {
      this.afterClose.push(kind);
      this.#later(() => fail(new ShoalError("ERR_CLOSED", "the storage has been closed")));
      return;
    }
    const go = (): void => {
      let done: () => void;
      try {
        const error = this.failing.get(kind);
        if (error !== undefined) throw error;
        done = work(spec);
      } catch (error) {
        if (!(error instanceof ShoalError)) throw error;
        fail(error);
        return;
      }
      done();
    };
    const held = this.#held.get(kind);
    if (held === undefined) this.#later(go);
    else held.push(go);
  }

  #bytes(spec: StorageSpec, piece: number, begin: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#spans(spec, piece, begin, length, (path, offset, part, at) => {
      const file = this.files.get(path);
      if (file === undefined || file.bytes.length < offset + part)
        throw new ShoalError("ERR_FILE_CHANGED", `${path} is too short`, { path });
      bytes.set(file.bytes.subarray(offset, offset + part), at);
    });
    return bytes;
  }

  #spans(
    spec: StorageSpec,
    piece: number,
    begin: number,
    length: number,
    visit: (path: string, offset: number, length: number, at: number) => void,
  ): void {
    const { layout } = spec;
    const from = piece * layout.pieceLength + begin;
    layout.spans(from, length, (file, offset, part, at) => {
      if (file.pad) return;
      if (spec.skipped.has(file.index)) visit(spec.partPath, file.offset + offset, part, at);
      else visit(pathOf(spec, file.index), offset, part, at);
    });
  }
}

function pathOf(spec: StorageSpec, file: number): string {
  return `${spec.root}/${spec.paths[file]!}`;
}

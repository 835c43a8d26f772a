import {
  BLOCK_SIZE,
  type Disk,
  type DiskDone,
  type FileStat,
  type HashDone,
  type HashKinds,
  type Millis,
  type PartCarry,
  type RelocateOptions,
  type Rng,
  ShoalError,
  StorageGate,
  type StorageId,
  type StoragePlace,
  type StorageSpec,
} from "@shoal/engine/composition";
import type { DiskFiles, WrittenBlock } from "./disk-files.ts";
import type { PieceDigests } from "./piece-digests.ts";
import type { SimulatedFile } from "./simulated-file.ts";

export type Operation = "stat" | "sync" | "hash" | "write" | "read" | "prepare" | "assign" | "move";

interface OpenStorage {
  /** Replaced only while nothing is under way. */
  spec: StorageSpec;
  readonly gate: StorageGate;
}

/** How long operations take, and in which order they end. */
export interface DiskSpec {
  /** Slots of 256 KiB for blocks on their way to the disk. */
  readonly slotCount: number;
  /** Each operation takes so long at least. */
  readonly latencyMs: Millis;
  /** Bytes per second; Infinity for no limit. */
  readonly rate: number;
  /**
   * Operations end in random order, up to so much later; what the port promises to keep in order stays in order. 0 keeps all
   * in order.
   */
  readonly disorderMs: Millis;
}

export const IDEAL_DISK: DiskSpec = { slotCount: 32, latencyMs: 0, rate: Infinity, disorderMs: 0 };

/** What a disk needs of the world. */
export interface DiskWorld {
  readonly rng: Rng;
  readonly digests: PieceDigests;
  now(): Millis;
  at(delayMs: Millis, callback: () => void): void;
}

/**
 * A disk in memory, shared by sessions that come one after another. Operations can be made to fail, to be slow, to end in
 * any order, and to be held back; those on a closed storage fail as the real disk's do, and are counted.
 */
export class SimulatedDisk implements Disk {
  readonly slotBytes: number = 262_144;
  readonly slotCount: number;
  /** Blocks are kept as what they are, not in an arena. */
  readonly arena: Uint8Array = new Uint8Array(0);
  readonly store: DiskFiles;
  /** Thrown by operations of that kind. */
  readonly failing: Map<Operation, ShoalError> = new Map();
  /** Sees each block that is read and may spoil it. */
  onRead: ((target: Uint8Array, offset: number, length: number) => void) | null = null;
  /** Operations, in the order in which they began; kept when `keepsLog` is set. */
  readonly log: string[] = [];
  keepsLog = true;
  /** Called after each operation that has ended. */
  onInput: () => void = () => undefined;
  /** Operations on storages that were closed before. */
  readonly afterClose: string[] = [];
  /** Times that the free space was asked for. */
  spacePolls = 0;
  /** Other folders are on other file systems. */
  isFar = false;
  /** Operations so far, by kind. */
  readonly counts: Map<Operation, number> = new Map();
  readonly #world: DiskWorld;
  readonly #spec: DiskSpec;
  readonly #storages: Map<StorageId, OpenStorage> = new Map();
  readonly #held: Map<Operation, (() => void)[]> = new Map();
  /** When the last operation on a piece ends that is to be kept in order. */
  readonly #endOf: Map<string, Millis> = new Map();
  /** What lies at each place of 16 KiB of the arena. */
  readonly #places: WrittenBlock[];
  #freeAt: Millis = 0;
  #nextStorage = 1;
  #gone = false;

  constructor(world: DiskWorld, store: DiskFiles, spec: DiskSpec = IDEAL_DISK) {
    this.#world = world;
    this.#spec = spec;
    this.store = store;
    this.slotCount = spec.slotCount;
    const nothing: WrittenBlock = { where: -1, bytes: null, length: 0 };
    this.#places = Array.from<WrittenBlock>({ length: (spec.slotCount * this.slotBytes) / BLOCK_SIZE }).fill(
      nothing,
    );
  }

  /** By absolute path. */
  get files(): Map<string, SimulatedFile> {
    return this.store.files;
  }

  /** Storages that are open. */
  get opened(): number {
    return this.#storages.size;
  }

  /** The process was killed: what is under way neither happens nor is told. The files stay. */
  kill(): void {
    this.#gone = true;
    this.onInput = () => undefined;
    this.#held.clear();
  }

  /** Operations of the kind begin but don't end until they are let go. */
  hold(kind: Operation): void {
    this.#held.set(kind, []);
  }

  letGo(kind: Operation): void {
    const held = this.#held.get(kind) ?? [];
    this.#held.delete(kind);
    for (const run of held) this.#world.at(0, run);
  }

  /** Lets the operation go that was held back first, and keeps holding the others. */
  letGoOne(kind: Operation): void {
    const run = this.#held.get(kind)?.shift();
    if (run !== undefined) this.#world.at(0, run);
  }

  put(path: string, bytes: Uint8Array): SimulatedFile {
    return this.store.put(path, bytes);
  }

  touch(path: string): void {
    this.store.touch(path);
  }

  copyIn(arenaOffset: number, source: Uint8Array, from: number, length: number): void {
    const where = this.store.known.find(source, from, length);
    const bytes = where >= 0 ? null : source.slice(from, from + length);
    this.#places[arenaOffset / BLOCK_SIZE] = { where, bytes, length };
  }

  open(spec: StorageSpec): StorageId {
    const id = this.#nextStorage++;
    this.#storages.set(id, { spec, gate: new StorageGate() });
    return id;
  }

  async prepare(
    storage: StorageId,
    options: { readonly truncateLonger?: boolean } = {},
  ): Promise<(FileStat | null)[]> {
    const spec = await this.#begin("prepare", storage);
    this.store.prepare(spec, options.truncateLonger === true);
    return this.store.stat(spec);
  }

  reopen(): void {}

  close(storage: StorageId): Promise<void> {
    this.#storages.delete(storage);
    return Promise.resolve();
  }

  assign(storage: StorageId, skipped: ReadonlySet<number>, carry: PartCarry | null): Promise<void> {
    return this.#alone("assign", storage, (opened) => {
      const spec = { ...opened.spec, skipped };
      if (carry !== null) this.store.carry(spec, carry);
      opened.spec = spec;
    });
  }

  /** As on one file system; with `isFar` as to another one, but that nothing is written twice. */
  async relocate(storage: StorageId, to: StoragePlace, options: RelocateOptions = {}): Promise<void> {
    const { overwrite = false, adopt = false, signal } = options;
    if (this.isFar && !adopt) {
      options.onProgress?.(0, 1);
      await this.#begin("move", storage);
      signal?.throwIfAborted();
      options.onProgress?.(1, 1);
      await options.onCopied?.();
    }
    await this.#alone("move", storage, (opened) => {
      if (!adopt) this.store.relocate(opened.spec, to, overwrite);
      opened.spec = { ...opened.spec, ...to };
      options.onMoved?.();
    });
  }

  async recoverRelocation(storage: StorageId, to: StoragePlace, copied: boolean): Promise<boolean> {
    await this.#alone("move", storage, (opened) => {
      const there = { ...opened.spec, ...to };
      if (copied) this.store.relocate(opened.spec, to, true);
      else this.store.relocate(there, opened.spec, true);
      if (copied) opened.spec = there;
    });
    return copied;
  }

  removeFiles(
    storage: StorageId,
    isOwn: (file: number) => boolean,
    trashDir: string | null = null,
  ): Promise<void> {
    return this.#alone("assign", storage, ({ spec }) => this.store.remove(spec, isOwn, trashDir));
  }

  dropPart(storage: StorageId): Promise<void> {
    return this.#alone("assign", storage, ({ spec }) => void this.store.files.delete(spec.partPath));
  }

  write(
    storage: StorageId,
    piece: number,
    begin: number,
    arenaOffset: number,
    length: number,
    done: DiskDone,
  ): void {
    this.#run("write", storage, piece, length, done, (spec) => {
      const first = arenaOffset / BLOCK_SIZE;
      const blocks = this.#places.slice(first, first + Math.ceil(length / BLOCK_SIZE));
      this.store.write(spec, piece, begin, blocks);
      return () => done(null);
    });
  }

  hash(storage: StorageId, piece: number, kinds: HashKinds, done: HashDone): void {
    const fail = (error: ShoalError | null): void => done(error, null);
    this.#run("hash", storage, piece, 0, fail, (spec) => {
      const digest = this.#world.digests.digest(this.store, spec, piece, kinds);
      return () => done(null, digest);
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
    blockLength: number,
    gap: number,
    done: DiskDone,
  ): void {
    this.#run("read", storage, -1, length, done, (spec) => {
      for (let at = 0; at < length; at += blockLength) {
        const part = Math.min(blockLength, length - at);
        const to = offset + (at / blockLength) * (blockLength + gap);
        this.store.read(spec, piece, begin + at, part, target, to);
        this.onRead?.(target, to, part);
      }
      return () => done(null);
    });
  }

  async sync(storage: StorageId): Promise<void> {
    await this.#begin("sync", storage);
  }

  async stat(storage: StorageId): Promise<(FileStat | null)[]> {
    return this.store.stat(await this.#begin("stat", storage));
  }

  freeSpace(): Promise<number> {
    this.spacePolls++;
    return Promise.resolve(this.store.free);
  }

  shutdown(): Promise<void> {
    this.#storages.clear();
    return Promise.resolve();
  }

  #begin(kind: Operation, storage: StorageId): Promise<StorageSpec> {
    return new Promise((resolve, reject) =>
      this.#run(kind, storage, -1, 0, reject, (spec) => () => resolve(spec)),
    );
  }

  /** With nothing else under way on the storage. */
  async #alone(kind: Operation, storage: StorageId, work: (opened: OpenStorage) => void): Promise<void> {
    const opened = this.#storages.get(storage);
    if (opened === undefined) throw new ShoalError("ERR_CLOSED", "the storage has been closed");
    await opened.gate.alone(
      () =>
        new Promise<void>((resolve, reject) => {
          this.#start(kind, this.#spec.latencyMs, reject, () => {
            work(opened);
            return resolve;
          });
        }),
    );
  }

  #run(
    kind: Operation,
    storage: StorageId,
    orderedPiece: number,
    length: number,
    fail: (error: ShoalError) => void,
    work: (spec: StorageSpec) => () => void,
  ): void {
    const opened = this.#storages.get(storage);
    if (opened?.gate.isShut === true) {
      opened.gate.afterwards(() => this.#run(kind, storage, orderedPiece, length, fail, work));
      return;
    }
    if (opened === undefined) {
      this.#note(kind);
      this.afterClose.push(kind);
      this.#world.at(0, () => fail(new ShoalError("ERR_CLOSED", "the storage has been closed")));
      return;
    }
    opened.gate.enter();
    this.#start(
      kind,
      this.#delay(storage, orderedPiece, length),
      fail,
      () => work(opened.spec),
      () => opened.gate.leave(),
    );
  }

  #start(
    kind: Operation,
    delayMs: Millis,
    fail: (error: ShoalError) => void,
    work: () => () => void,
    onEnd: () => void = () => undefined,
  ): void {
    this.#note(kind);
    const go = (): void => {
      if (this.#gone) return;
      onEnd();
      this.#finish(kind, fail, work);
      this.onInput();
    };
    const held = this.#held.get(kind);
    if (held === undefined) this.#world.at(delayMs, go);
    else held.push(go);
  }

  #note(kind: Operation): void {
    if (this.keepsLog) this.log.push(kind);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  #finish(kind: Operation, fail: (error: ShoalError) => void, work: () => () => void): void {
    let done: () => void;
    try {
      const error = this.failing.get(kind);
      if (error !== undefined) throw error;
      done = work();
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      fail(error);
      return;
    }
    done();
  }

  /** How long an operation takes: those on the bytes of one piece end in order. */
  #delay(storage: StorageId, piece: number, length: number): Millis {
    const { latencyMs, rate, disorderMs } = this.#spec;
    const now = this.#world.now();
    this.#freeAt = Math.max(now, this.#freeAt) + (length / rate) * 1000;
    let end = this.#freeAt + latencyMs;
    if (disorderMs === 0) return end - now;
    end += this.#world.rng.below(1000 * disorderMs) / 1000;
    if (piece < 0) return end - now;
    const key = `${storage}.${piece}`;
    end = Math.max(end, this.#endOf.get(key) ?? 0);
    this.#endOf.set(key, end);
    return end - now;
  }
}

import { Buffer } from "node:buffer";
import { rm } from "node:fs/promises";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type {
  Disk,
  DiskDone,
  FileStat,
  HashDone,
  HashKinds,
  PartCarry,
  RelocateOptions,
  StorageId,
  StoragePlace,
  StorageSpec,
} from "../ports/disk.ts";
import {
  OP_CLOSE,
  OP_FORGET,
  OP_HASH,
  OP_OPEN,
  OP_PREPARE,
  OP_READ,
  OP_STAT,
  OP_TAKE_DIRTY,
  OP_WRITE,
  TRUNCATE_LONGER,
  WANT_LEAVES,
  WANT_MERKLE,
  WANT_SHA1,
} from "./disk-channel.ts";
import { DiskLink } from "./disk-link.ts";
import type { LinkDone } from "./disk-link.ts";
import { carryFromPart } from "./disk-assign.ts";
import { FILES_AT_A_TIME, freeSpaceOf, unpackStats } from "./disk-files.ts";
import { prepareLinks } from "./disk-links.ts";
import { type ReadRelay, RunRead } from "./disk-read.ts";
import { removeOwnFiles } from "./disk-remove.ts";
import { SyncState } from "./disk-sync.ts";
import { FileTable } from "./file-table.ts";
import { openFileBudget } from "./open-files.ts";
import { ReadPool } from "./read-pool.ts";
import { ReadSlots } from "./read-slots.ts";
import { type ChangingStorage, recoverStorage, relocateStorage } from "./relocate-storage.ts";
import { StorageGate } from "./storage-gate.ts";

export interface NodeDiskOptions {
  /** Bytes of shared memory for blocks on their way to the disk; a multiple of the slot size. */
  readonly arenaBytes?: number;
  /** Threads that hash and write. They start with the first write or hash. */
  readonly workers?: number;
  /** Files kept open, all threads together. */
  readonly openFiles?: number;
}

/** Longest run that one write may carry, and size of an arena slot. */
export const SLOT_BYTES = 262_144;
const DEFAULT_ARENA_BYTES = 128 * SLOT_BYTES;

interface OpenStorage {
  /** Replaced only while nothing is under way. */
  table: FileTable;
  readonly syncState: SyncState;
  /** For each link, the generation of the worker that knows this storage; 0: none does. */
  readonly known: number[];
  /** What goes to a worker is not counted in it: the worker works in order. */
  readonly gate: StorageGate;
  /** Pieces that were written since the last look, while somebody copies the files. */
  written: Set<PieceIndex> | null;
}

/**
 * The file system as the engine's disk. Writing and hashing happen in worker threads (a piece always in the same one,
 * so that it is hashed while it is written); reading happens in libuv's pool, straight into the caller's buffer, but runs
 * over many small files in the workers.
 */
export class NodeDisk implements Disk {
  readonly arena: Uint8Array;
  readonly slotBytes: number = SLOT_BYTES;
  readonly slotCount: number;
  readonly #arenaBuffer: Buffer;
  readonly #links: DiskLink[] = [];
  readonly #reads: ReadPool;
  readonly #readSlots: ReadSlots = new ReadSlots(SLOT_BYTES);
  readonly #storages: Map<StorageId, OpenStorage> = new Map();
  #nextId: StorageId = 1;
  #closed: boolean = false;

  constructor(options: NodeDiskOptions = {}) {
    const arenaBytes = options.arenaBytes ?? DEFAULT_ARENA_BYTES;
    const workers = options.workers ?? 2;
    const openFiles = options.openFiles ?? openFileBudget();
    this.slotCount = Math.floor(arenaBytes / SLOT_BYTES);
    if (this.slotCount < 1 || !(workers >= 1)) {
      throw new ShoalError("ERR_INVALID_ARGUMENT", "the disk needs at least one slot and one worker");
    }
    const memory = new SharedArrayBuffer(this.slotCount * SLOT_BYTES);
    this.arena = new Uint8Array(memory);
    this.#arenaBuffer = Buffer.from(memory);
    // Half of the open files are for seeding, half for the workers.
    const perWorker = Math.max(1, Math.floor(openFiles / 2 / workers));
    this.#reads = new ReadPool(Math.max(1, Math.floor(openFiles / 2)));
    for (let i = 0; i < workers; i++)
      this.#links.push(new DiskLink(`shoal-disk-${i}`, this.arena, this.#readSlots.memory, perWorker));
  }

  copyIn(arenaOffset: number, source: Uint8Array, from: number, length: number): void {
    // `set` on shared memory copies with relaxed atomics, word by word; `fill` is a plain memcpy and three times as fast.
    this.#arenaBuffer.fill(source.subarray(from, from + length), arenaOffset, arenaOffset + length);
  }

  open(spec: StorageSpec): StorageId {
    if (this.#closed) throw closedError();
    const table = new FileTable(spec);
    const id = this.#nextId++;
    const known = this.#links.map(() => 0);
    this.#storages.set(id, {
      table,
      syncState: new SyncState(table),
      known,
      gate: new StorageGate(),
      written: null,
    });
    return id;
  }

  prepare(storage: StorageId, options: { truncateLonger?: boolean } = {}): Promise<(FileStat | null)[]> {
    const opened = this.#opened(storage);
    const how = options.truncateLonger === true ? TRUNCATE_LONGER : 0;
    return opened.gate.within(async () => {
      const stats = await this.#forAllFiles(storage, OP_PREPARE, how);
      const { table } = opened;
      await prepareLinks(table);
      table.inodes = Float64Array.from(stats, (stat) => stat?.inode ?? 0);
      // From here on everybody opens what is there now.
      this.reopen(storage);
      return stats;
    });
  }

  reopen(storage: StorageId): void {
    const opened = this.#storages.get(storage);
    if (opened === undefined) return;
    this.#reads.dropAll(storage);
    for (const link of this.#knowing(opened))
      link.post(OP_OPEN, storage, 0, 0, 0, 0, opened.table.pack(), null);
  }

  async assign(storage: StorageId, skipped: ReadonlySet<FileIndex>, carry: PartCarry | null): Promise<void> {
    const opened = this.#opened(storage);
    await opened.gate.alone(async () => {
      await this.#recall(storage, opened);
      const table = opened.table.with({ skipped });
      if (carry !== null) await carryFromPart(table, carry);
      opened.table = table;
      await prepareLinks(table);
      opened.syncState.retarget(table, false);
      opened.syncState.add(carry?.files ?? []);
    });
  }

  async relocate(storage: StorageId, to: StoragePlace, options?: RelocateOptions): Promise<void> {
    await relocateStorage(this.#changing(storage), to, options);
  }

  async recoverRelocation(storage: StorageId, to: StoragePlace, copied: boolean): Promise<boolean> {
    return recoverStorage(this.#changing(storage), to, copied);
  }

  async removeFiles(
    storage: StorageId,
    isOwn: (file: FileIndex) => boolean,
    trashDir: string | null = null,
  ): Promise<void> {
    const opened = this.#opened(storage);
    await opened.gate.alone(async () => {
      await this.#recall(storage, opened);
      await removeOwnFiles(opened.table, isOwn, trashDir);
    });
  }

  async dropPart(storage: StorageId): Promise<void> {
    const opened = this.#opened(storage);
    await opened.gate.alone(async () => {
      await this.#recall(storage, opened);
      if (opened.table.partPath !== "") await rm(opened.table.partPath, { force: true });
    });
  }

  async close(storage: StorageId): Promise<void> {
    const opened = this.#storages.get(storage);
    if (opened === undefined) return;
    this.#storages.delete(storage);
    await opened.gate.alone(async () => {
      await Promise.all(this.#knowing(opened).map((link) => request(link, OP_CLOSE, storage, 0, 0, 0)));
      this.#reads.dropAll(storage);
    });
  }

  write(
    storage: StorageId,
    piece: PieceIndex,
    begin: number,
    arenaOffset: number,
    length: number,
    done: DiskDone,
  ): void {
    this.#post(OP_WRITE, storage, piece, begin, arenaOffset, length, done);
  }

  hash(storage: StorageId, piece: PieceIndex, kinds: HashKinds, done: HashDone): void {
    const wanted =
      (kinds.sha1 ? WANT_SHA1 : 0) |
      (kinds.merkle ? WANT_MERKLE : 0) |
      (kinds.leaves === true ? WANT_LEAVES : 0);
    this.#post(OP_HASH, storage, piece, wanted, 0, 0, (error, result) => {
      if (error !== null || result === null) done(error, null);
      else done(null, { sha1: result.sha1, root: result.root, leaves: result.payload as Uint8Array | null });
    });
  }

  forget(storage: StorageId, piece: PieceIndex): void {
    const link = this.#linkOf(storage, piece);
    const opened = this.#storages.get(storage);
    if (opened !== undefined && this.#knowing(opened).includes(link)) {
      link.post(OP_FORGET, storage, piece, 0, 0, 0, null, null);
    }
  }

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
  ): void {
    const opened = this.#storages.get(storage);
    if (opened === undefined) {
      queueMicrotask(() => done(closedError()));
      return;
    }
    if (opened.gate.isShut) {
      opened.gate.afterwards(() =>
        this.read(storage, piece, begin, length, target, offset, blockLength, gap, done),
      );
      return;
    }
    opened.gate.enter();
    const place = { bytes: target, offset, blockLength, gap };
    const relay = this.#relayOf(storage, opened);
    const run = new RunRead(this.#reads, storage, opened.table, place, relay, (error) => {
      opened.gate.leave();
      done(error);
    });
    run.start(piece, begin, length);
  }

  async sync(storage: StorageId, everything: boolean = false): Promise<void> {
    const opened = this.#opened(storage);
    await opened.gate.within(async () => {
      if (everything) opened.syncState.addAll();
      await this.#takeDirty(storage, opened);
      await opened.syncState.flush();
    });
  }

  async stat(storage: StorageId): Promise<(FileStat | null)[]> {
    return this.#opened(storage).gate.within(() => this.#forAllFiles(storage, OP_STAT, 0));
  }

  freeSpace(path: string): Promise<number> {
    return freeSpaceOf(path);
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#storages.keys()].map((storage) => this.close(storage)));
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  #post(
    kind: number,
    storage: StorageId,
    piece: PieceIndex,
    begin: number,
    arenaOffset: number,
    length: number,
    done: LinkDone,
  ): void {
    const opened = this.#storages.get(storage);
    if (opened === undefined) {
      queueMicrotask(() => done(closedError(), null));
      return;
    }
    if (opened.gate.isShut) {
      opened.gate.afterwards(() => this.#post(kind, storage, piece, begin, arenaOffset, length, done));
      return;
    }
    const link = this.#linkOf(storage, piece);
    if (kind === OP_WRITE) opened.written?.add(piece);
    this.#introduce(link, storage, opened);
    link.post(kind, storage, piece, begin, arenaOffset, length, null, done);
  }

  /** Carries out an operation that answers with stats on all files, a stretch at a time, with all workers. */
  async #forAllFiles(storage: StorageId, kind: number, length: number): Promise<(FileStat | null)[]> {
    const count = this.#opened(storage).table.layout.files.length;
    const answers: (FileStat | null)[][] = [];
    let next = 0;
    const lane = async (link: DiskLink): Promise<void> => {
      while (next < count) {
        const from = next;
        next = Math.min(count, from + FILES_AT_A_TIME);
        this.#introduce(link, storage, this.#opened(storage));
        const found = await request(link, kind, storage, from, next, length);
        answers[from / FILES_AT_A_TIME] = unpackStats(found as Float64Array);
      }
    };
    // The worker of the first piece first: in a small torrent it is the only one that ever starts.
    const lanes = Math.min(this.#links.length, Math.ceil(count / FILES_AT_A_TIME));
    const links = Array.from({ length: lanes }, (_, piece) => this.#linkOf(storage, piece));
    try {
      await Promise.all(links.map(lane));
    } catch (error) {
      next = count;
      throw error;
    }
    return answers.flat();
  }

  /** Has a worker read runs of the storage. */
  #relayOf(storage: StorageId, opened: OpenStorage): ReadRelay {
    return (piece, begin, length, target, done) => {
      const slot = this.#readSlots.take(length);
      if (slot < 0) return false;
      const link = this.#linkOf(storage, piece);
      this.#introduce(link, storage, opened);
      link.post(OP_READ, storage, piece, begin, slot, length, null, (error) => {
        if (error === null) this.#readSlots.copyOut(slot, target, length);
        this.#readSlots.give(slot);
        done(error);
      });
      return true;
    };
  }

  /** Makes sure that the link's worker runs and knows the storage. */
  #introduce(link: DiskLink, storage: StorageId, opened: OpenStorage): void {
    const index = this.#links.indexOf(link);
    link.start();
    if (opened.known[index] === link.generation) return;
    if (this.#lostWorker(opened)) opened.syncState.addAll();
    opened.known[index] = link.generation;
    link.post(OP_OPEN, storage, 0, 0, 0, 0, opened.table.pack(), null);
  }

  #changing(storage: StorageId): ChangingStorage {
    const opened = this.#opened(storage);
    return {
      table: opened.table,
      alone: (work) =>
        opened.gate.alone(async () => {
          await this.#recall(storage, opened);
          return work();
        }),
      noteWrites: (on) => void (opened.written = on ? new Set() : null),
      takeWritten: async () => {
        const written = [...(opened.written ?? [])];
        opened.written?.clear();
        await this.#takeDirty(storage, opened);
        return written;
      },
      retarget: (table) => {
        opened.table = table;
        opened.syncState.retarget(table, true);
        opened.syncState.addAll();
      },
    };
  }

  #opened(storage: StorageId): OpenStorage {
    const opened = this.#storages.get(storage);
    if (opened === undefined) throw closedError();
    return opened;
  }

  /** Makes sure that every file that was written counts as not synced. */
  async #takeDirty(storage: StorageId, opened: OpenStorage): Promise<void> {
    if (this.#lostWorker(opened)) opened.syncState.addAll();
    const asked = this.#knowing(opened).map((link) => request(link, OP_TAKE_DIRTY, storage, 0, 0, 0));
    for (const dirty of await Promise.all(asked)) opened.syncState.add(dirty as number[]);
  }

  /** Has everything under way carried out and all files closed; the workers get to know the storage anew when it is used next. */
  async #recall(storage: StorageId, opened: OpenStorage): Promise<void> {
    await this.#takeDirty(storage, opened);
    await Promise.all(this.#knowing(opened).map((link) => request(link, OP_CLOSE, storage, 0, 0, 0)));
    opened.known.fill(0);
    this.#reads.dropAll(storage);
  }

  #linkOf(storage: StorageId, piece: PieceIndex): DiskLink {
    return this.#links[(storage + piece) % this.#links.length] as DiskLink;
  }

  /** Whether a worker that had seen the storage died since the last call: it alone knew what it had written. */
  #lostWorker(opened: OpenStorage): boolean {
    let lost = false;
    this.#links.forEach((link, index) => {
      if (opened.known[index] === 0 || opened.known[index] === link.generation) return;
      opened.known[index] = 0;
      lost = true;
    });
    return lost;
  }

  /** Links whose worker has seen the storage. */
  #knowing(opened: OpenStorage): DiskLink[] {
    return this.#links.filter(
      (link, index) => link.generation > 0 && opened.known[index] === link.generation,
    );
  }
}

function request(
  link: DiskLink,
  kind: number,
  storage: StorageId,
  piece: number,
  begin: number,
  length: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    link.post(kind, storage, piece, begin, 0, length, null, (error, result) => {
      if (error === null) resolve(result?.payload);
      else reject(error);
    });
  });
}

function closedError(): ShoalError {
  return new ShoalError("ERR_CLOSED", "the storage has been closed");
}

/** Entry point of a disk worker: hashes and writes runs that lie in shared memory, one operation after another. */
import { readSync, writeSync } from "node:fs";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import {
  COMPLETION_FIELDS,
  COMPLETION_TAIL,
  DIGEST_OFFSET,
  FLAG_FAULT,
  FLAG_PAYLOAD,
  FLAG_ROOT,
  FLAG_SHA1,
  MAIN_SLEEPS,
  OP_CLOSE,
  OP_EXIT,
  OP_FORGET,
  OP_HASH,
  OP_OPEN,
  OP_PREPARE,
  OP_READ,
  OP_STAT,
  OP_TAKE_DIRTY,
  OP_WRITE,
  REQUEST_FIELDS,
  REQUEST_TAIL,
  RING_SLOTS,
  TRUNCATE_LONGER,
  WANT_LEAVES,
  WANT_MERKLE,
  WANT_SHA1,
} from "./disk-channel.ts";
import type { DiskChannel } from "./disk-channel.ts";
import { Faulted, shortFault, systemFault } from "./disk-fault.ts";
import { prepareFiles, statFiles } from "./disk-files.ts";
import { merkleRoot } from "../meta/merkle.ts";
import { FileTable } from "./file-table.ts";
import type { PackedTable } from "./file-table.ts";
import { nodeHasher } from "./hasher.ts";
import { InsideFolders } from "./inside-folders.ts";
import { PieceHash, READ_BACK_BYTES } from "./piece-hash.ts";
import type { ReadBack } from "./piece-hash.ts";
import { WritePool } from "./write-pool.ts";

/** Completions that may wait for one wake-up of the main thread while there is more to do: a wake-up costs it 8 µs. */
const REPORT_AFTER = 4;

/** What the main thread hands to a new worker. */
export interface DiskWorkerData {
  readonly channel: DiskChannel;
  readonly arena: Uint8Array;
  /** See ReadSlots. */
  readonly reads: Uint8Array;
  readonly port: MessagePort;
  readonly openFiles: number;
}

interface WorkerStorage {
  readonly table: FileTable;
  readonly inside: InsideFolders;
  readonly pieces: Map<number, PieceHash>;
  /** Files written since the last OP_TAKE_DIRTY. */
  readonly dirty: Set<number>;
}

class DiskWorker {
  readonly #data: DiskWorkerData;
  readonly #digests: Uint8Array;
  readonly #pool: WritePool;
  readonly #storages: Map<number, WorkerStorage> = new Map();
  readonly #readBuffer: Uint8Array = new Uint8Array(READ_BACK_BYTES);

  constructor(data: DiskWorkerData) {
    this.#data = data;
    this.#digests = new Uint8Array(data.channel.completions.buffer);
    this.#pool = new WritePool(data.openFiles);
  }

  run(): void {
    const { control, requests, completions } = this.#data.channel;
    let unreported = 0;
    for (let head = 0; ; head = (head + 1) | 0) {
      while (Atomics.load(control, REQUEST_TAIL) === head) Atomics.wait(control, REQUEST_TAIL, head);
      const slot = head & (RING_SLOTS - 1);
      const at = slot * REQUEST_FIELDS;
      const field = (index: number): number => requests[at + index] as number;
      const kind = field(1);
      const answer = slot * COMPLETION_FIELDS;
      let flags = 0;
      try {
        flags = this.#carryOut(kind, field(2), field(3), field(4), field(5), field(6), answer);
      } catch (error) {
        this.#data.port.postMessage(error instanceof Faulted ? error.fault : systemFault(error, "", false));
        flags = FLAG_FAULT;
      }
      completions[answer] = field(0);
      completions[answer + 1] = flags;
      Atomics.store(control, COMPLETION_TAIL, (head + 1) | 0);
      unreported++;
      const idle = Atomics.load(control, REQUEST_TAIL) === ((head + 1) | 0);
      if (idle || unreported >= REPORT_AFTER) {
        unreported = 0;
        if (Atomics.load(control, MAIN_SLEEPS) === 1 && Atomics.exchange(control, MAIN_SLEEPS, 0) === 1) {
          parentPort?.postMessage(null);
        }
      }
      if (kind === OP_EXIT) return;
    }
  }

  /** Returns the flags of the completion. */
  #carryOut(
    kind: number,
    id: number,
    piece: number,
    begin: number,
    arenaOffset: number,
    length: number,
    answer: number,
  ): number {
    switch (kind) {
      case OP_WRITE:
        this.#write(id, piece, begin, arenaOffset, length);
        return 0;
      case OP_HASH:
        return this.#hash(id, piece, begin, answer);
      case OP_READ: {
        const target = this.#data.reads.subarray(arenaOffset, arenaOffset + length);
        this.#readRun(id, this.#storage(id), piece, begin, target);
        return 0;
      }
      case OP_FORGET:
        this.#storages.get(id)?.pieces.delete(piece);
        return 0;
      case OP_TAKE_DIRTY: {
        const dirty = this.#storages.get(id)?.dirty;
        this.#data.port.postMessage([...(dirty ?? [])]);
        dirty?.clear();
        return FLAG_PAYLOAD;
      }
      case OP_OPEN: {
        const message = receiveMessageOnPort(this.#data.port);
        const table = FileTable.unpack(message?.message as PackedTable);
        const inside = new InsideFolders(table.root);
        // A storage that was prepared again: its files may be others.
        this.#pool.dropAll(id);
        const dirty = this.#storages.get(id)?.dirty ?? new Set<number>();
        this.#storages.set(id, { table, inside, pieces: new Map(), dirty });
        return 0;
      }
      case OP_STAT: {
        const { table, inside } = this.#storage(id);
        const found = statFiles(table, inside, piece, begin);
        this.#data.port.postMessage(found, [found.buffer]);
        return FLAG_PAYLOAD;
      }
      case OP_PREPARE: {
        const { table, inside } = this.#storage(id);
        const found = prepareFiles(table, inside, piece, begin, (length & TRUNCATE_LONGER) !== 0);
        this.#data.port.postMessage(found, [found.buffer]);
        return FLAG_PAYLOAD;
      }
      case OP_CLOSE:
        this.#storages.delete(id);
        this.#pool.dropAll(id);
        return 0;
      case OP_EXIT:
        for (const storage of this.#storages.keys()) this.#pool.dropAll(storage);
        return 0;
      default:
        throw new RangeError(`unknown disk operation ${kind}`);
    }
  }

  #write(id: number, piece: number, begin: number, arenaOffset: number, length: number): void {
    const storage = this.#storage(id);
    const { table, pieces } = storage;
    const bytes = this.#data.arena.subarray(arenaOffset, arenaOffset + length);
    let state = pieces.get(piece);
    if (state === undefined) {
      const { kind } = table.layout;
      state = newPieceHash(table, piece, kind !== "v2", kind !== "v1");
      pieces.set(piece, state);
    }
    try {
      state.add(begin, bytes, this.#readBack(id, storage, piece));
      table.visit(
        piece,
        begin,
        length,
        (file, fileOffset, part, at) => {
          storage.dirty.add(file);
          this.#writeFile(id, storage, file, fileOffset, bytes.subarray(at, at + part));
        },
        null,
      );
    } catch (error) {
      pieces.delete(piece);
      throw error;
    }
  }

  #writeFile(id: number, storage: WorkerStorage, file: number, position: number, bytes: Uint8Array): void {
    try {
      const fd = this.#pool.get(id, storage, file, true);
      for (let done = 0; done < bytes.length;) {
        done += writeSync(fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (error) {
      this.#pool.drop(id, file);
      throw new Faulted(systemFault(error, storage.table.absolute(file), false));
    }
  }

  #hash(id: number, piece: number, wanted: number, answer: number): number {
    const storage = this.#storage(id);
    const { table, pieces } = storage;
    const sha1 = (wanted & WANT_SHA1) !== 0;
    const merkle = (wanted & WANT_MERKLE) !== 0;
    const leaves = (wanted & WANT_LEAVES) !== 0;
    const known = pieces.get(piece);
    pieces.delete(piece);
    const isEnough = known?.covers(sha1, merkle || leaves) === true;
    const state = isEnough ? known : newPieceHash(table, piece, sha1, merkle || leaves);
    const digest = state.finish(this.#readBack(id, storage, piece));
    const place = answer * 4 + DIGEST_OFFSET;
    let flags = 0;
    if (sha1 && digest.sha1 !== null) {
      this.#digests.set(digest.sha1, place);
      flags |= FLAG_SHA1;
    }
    const width = table.layout.leafWidth(piece);
    if (merkle && digest.leaves !== null && width > 0) {
      this.#digests.set(merkleRoot(sha256, digest.leaves, width), place + 20);
      flags |= FLAG_ROOT;
    }
    if (leaves) {
      this.#data.port.postMessage(digest.leaves);
      flags |= FLAG_PAYLOAD;
    }
    return flags;
  }

  /** Reads bytes of a piece from disk into the worker's buffer; padding reads as zeros. */
  #readBack(id: number, storage: WorkerStorage, piece: number): ReadBack {
    return (begin, length) => {
      const target = this.#readBuffer.subarray(0, length);
      this.#readRun(id, storage, piece, begin, target);
      return target;
    };
  }

  #readRun(id: number, storage: WorkerStorage, piece: number, begin: number, target: Uint8Array): void {
    storage.table.visit(
      piece,
      begin,
      target.length,
      (file, fileOffset, part, at) =>
        this.#readFile(id, storage, file, fileOffset, target.subarray(at, at + part)),
      (part, at) => target.fill(0, at, at + part),
    );
  }

  #readFile(id: number, storage: WorkerStorage, file: number, position: number, target: Uint8Array): void {
    try {
      const fd = this.#pool.get(id, storage, file, false);
      for (let done = 0; done < target.length;) {
        const count = readSync(fd, target, done, target.length - done, position + done);
        if (count === 0) throw new Faulted(shortFault(storage.table.absolute(file)));
        done += count;
      }
    } catch (error) {
      this.#pool.drop(id, file);
      if (error instanceof Faulted) throw error;
      throw new Faulted(systemFault(error, storage.table.absolute(file), true));
    }
  }

  #storage(id: number): WorkerStorage {
    const storage = this.#storages.get(id);
    if (storage === undefined) throw new RangeError(`storage ${id} is not open`);
    return storage;
  }
}

const sha256 = (data: Uint8Array): Uint8Array => nodeHasher.sha256(data);

function newPieceHash(table: FileTable, piece: number, sha1: boolean, merkle: boolean): PieceHash {
  const { layout } = table;
  return new PieceHash(layout.dataSize(piece), layout.pieceSize(piece), sha1, merkle);
}

new DiskWorker(workerData as DiskWorkerData).run();
(workerData as DiskWorkerData).port.close();

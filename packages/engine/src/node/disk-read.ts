import { readv } from "node:fs";
import type { ShoalError } from "../base/errors.ts";
import type { DiskDone } from "../ports/disk.ts";
import { faultError, shortFault, systemError } from "./disk-fault.ts";
import type { FileTable } from "./file-table.ts";
import type { OpenRead, ReadPool } from "./read-pool.ts";
import { type ReadTarget, viewsOf } from "./read-slots.ts";

/** Files under a run from which on a worker reads it, if it can. */
const MANY_FILES = 4;

interface Stretch {
  readonly file: number;
  readonly position: number;
  readonly length: number;
  /** Distance from the start of the run. */
  readonly at: number;
}

/** Has a worker read a run of many files; false when it has no room. */
export type ReadRelay = (
  piece: number,
  begin: number,
  length: number,
  target: ReadTarget,
  done: DiskDone,
) => boolean;

/** Reads one run: one `readv` for each file under it, one file after another; by the relay where there are many. */
export class RunRead {
  readonly #pool: ReadPool;
  readonly #storage: number;
  readonly #table: FileTable;
  readonly #target: ReadTarget;
  readonly #relay: ReadRelay;
  readonly #done: DiskDone;
  readonly #stretches: Stretch[] = [];
  #current: number = 0;
  /** Bytes of the current stretch that have been read. */
  #read: number = 0;
  #file: OpenRead | null = null;

  constructor(
    pool: ReadPool,
    storage: number,
    table: FileTable,
    target: ReadTarget,
    relay: ReadRelay,
    done: DiskDone,
  ) {
    this.#pool = pool;
    this.#storage = storage;
    this.#table = table;
    this.#target = target;
    this.#relay = relay;
    this.#done = done;
  }

  start(piece: number, begin: number, length: number): void {
    this.#table.visit(
      piece,
      begin,
      length,
      (file, position, part, at) => this.#stretches.push({ file, position, length: part, at }),
      (part, at) => {
        for (const view of viewsOf(this.#target, at, part)) view.fill(0);
      },
    );
    if (this.#stretches.length === 0) queueMicrotask(() => this.#done(null));
    else if (
      this.#stretches.length < MANY_FILES ||
      !this.#relay(piece, begin, length, this.#target, this.#done)
    )
      this.#openNext();
  }

  #openNext(): void {
    const stretch = this.#stretches[this.#current] as Stretch;
    this.#read = 0;
    this.#pool.acquire(this.#storage, this.#table, stretch.file, (error, file) => {
      this.#file = file;
      if (error === null) this.#readMore(stretch);
      else this.#done(error);
    });
  }

  #readMore(stretch: Stretch): void {
    const file = this.#file as OpenRead;
    const views = viewsOf(this.#target, stretch.at + this.#read, stretch.length - this.#read);
    readv(file.fd, views, stretch.position + this.#read, (error, count) => {
      if (error !== null) this.#fail(systemError(error, file.path, true));
      else if (count === 0) this.#fail(faultError(shortFault(file.path)));
      else this.#onRead(stretch, count);
    });
  }

  #onRead(stretch: Stretch, count: number): void {
    this.#read += count;
    if (this.#read < stretch.length) {
      this.#readMore(stretch);
      return;
    }
    this.#pool.release(this.#file as OpenRead);
    this.#current++;
    if (this.#current < this.#stretches.length) this.#openNext();
    else this.#done(null);
  }

  #fail(error: ShoalError): void {
    const file = this.#file as OpenRead;
    this.#pool.drop(file);
    this.#pool.release(file);
    this.#done(error);
  }
}

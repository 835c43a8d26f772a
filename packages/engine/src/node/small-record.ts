import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ProtocolError, ShoalError } from "../base/errors.ts";
import { errnoOf } from "./disk-fault.ts";
import { FILE_HEADER, frameRecords, parseRecords } from "./record-file.ts";
import { ProcessLock } from "./process-lock.ts";
import { syncFolder } from "./sync-folder.ts";

/** Larger files are taken for damage. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Another process needs milliseconds for its turn. */
const TURNS = 20;
const TURN_MS = 50;

/** One record with its checksum in a file of its own, which processes change by turns. */
export class SmallRecord {
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** Null when there is none. Throws ProtocolError when it is damaged. */
  async read(): Promise<Uint8Array | null> {
    const path = this.#path;
    try {
      const { size } = await stat(path);
      const { records, end } =
        size > MAX_BYTES ? { records: [], end: 0 } : parseRecords(await readFile(path));
      if (records.length !== 1 || end !== size) throw new ProtocolError(`${path} is damaged`);
      return records[0]!;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return null;
      throw error;
    }
  }

  /** Throws ERR_LOCKED when other processes don't let go of it. */
  async update(change: (before: Uint8Array | null) => Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const lock = await this.#takeTurn();
    try {
      await this.#write(change(await this.#readable()));
    } finally {
      lock.release();
    }
  }

  get #path(): string {
    return join(this.#folder, `${this.#name}.record`);
  }

  async #readable(): Promise<Uint8Array | null> {
    try {
      return await this.read();
    } catch (error) {
      if (error instanceof ProtocolError) return null;
      throw error;
    }
  }

  async #takeTurn(): Promise<ProcessLock> {
    for (let turn = 1; ; turn++) {
      try {
        return await ProcessLock.acquire(this.#folder, this.#name);
      } catch (error) {
        if (!(error instanceof ShoalError) || error.code !== "ERR_LOCKED" || turn === TURNS) throw error;
        await delay(TURN_MS);
      }
    }
  }

  async #write(record: Uint8Array): Promise<void> {
    const temporary = `${this.#path}.new`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(Buffer.concat([FILE_HEADER, frameRecords([record])]));
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      await rename(temporary, this.#path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(this.#folder);
  }
}

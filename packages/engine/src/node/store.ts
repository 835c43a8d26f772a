import {
  closeSync,
  constants,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { access, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ShoalError } from "../base/errors.ts";
import type { Store, TorrentStore } from "../ports/store.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import { ownBootId } from "./process-identity.ts";
import { FILE_HEADER, frameRecords, parseRecords } from "./record-file.ts";
import { SmallRecord } from "./small-record.ts";
import { ProcessLock } from "./process-lock.ts";
import { syncFolder } from "./sync-folder.ts";

const SUFFIX = ".resume";
const PART_SUFFIX = ".part";
/** Torrents lie in 256 folders by the first digits of their keys: whoever opens one looks through its folder, and there are thousands. */
const FOLDER_DIGITS = 2;
const APPEND_ONLY = constants.O_WRONLY | constants.O_APPEND;
const NONE: readonly never[] = [];
const fsyncAsync = promisify(fsync);

/** One append-only file for each torrent below `<stateDir>/torrents`, and small records besides, readable for their owner only. */
export class NodeStore implements Store {
  readonly bootId: string = ownBootId();
  readonly #stateDir: string;
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#folder = join(stateDir, "torrents");
  }

  async open(key: string): Promise<TorrentStore> {
    if (!/^[0-9a-f]+$/.test(key))
      throw new ShoalError("ERR_INVALID_ARGUMENT", `"${key}" is not a torrent's key`);
    const folder = this.#folderOf(key);
    try {
      const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (made !== undefined) await syncFolder(dirname(made));
      const lock = await ProcessLock.acquire(folder, key);
      try {
        return new FileStore(folder, key, lock);
      } catch (error) {
        lock.release();
        throw error;
      }
    } catch (error) {
      throw systemError(error, join(folder, key + SUFFIX), false);
    }
  }

  async has(key: string): Promise<boolean> {
    return access(join(this.#folderOf(key), key + SUFFIX)).then(
      () => true,
      () => false,
    );
  }

  partPath(key: string): string {
    return join(this.#folderOf(key), key + PART_SUFFIX);
  }

  /** The records as they stand in the file, for looking on: without the lock, and nothing is changed. */
  async peek(key: string): Promise<Uint8Array[]> {
    const path = join(this.#folderOf(key), key + SUFFIX);
    try {
      return parseRecords(await readFile(path)).records;
    } catch (error) {
      throw systemError(error, path, true);
    }
  }

  async readRecord(name: string): Promise<Uint8Array | null> {
    try {
      return await new SmallRecord(this.#stateDir, name).read();
    } catch (error) {
      throw systemError(error, this.#stateDir, true);
    }
  }

  async updateRecord(name: string, change: (before: Uint8Array | null) => Uint8Array): Promise<void> {
    try {
      await new SmallRecord(this.#stateDir, name).update(change);
    } catch (error) {
      throw systemError(error, this.#stateDir, false);
    }
  }

  async list(prefix = ""): Promise<string[]> {
    const isWhole = prefix.length >= FOLDER_DIGITS;
    const folders = isWhole ? [this.#folderOf(prefix)] : await this.#folders();
    const names = (await Promise.all(folders.map(namesIn))).flat();
    const keys = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
    return keys.filter((key) => key.startsWith(prefix) && /^[0-9a-f]+$/.test(key)).sort();
  }

  async #folders(): Promise<string[]> {
    const names = (await namesIn(this.#folder)).filter((name) => /^[0-9a-f]{1,2}$/.test(name));
    return names.map((name) => join(this.#folder, name));
  }

  #folderOf(key: string): string {
    return join(this.#folder, key.slice(0, FOLDER_DIGITS));
  }
}

/** Empty for a folder that does not exist. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw systemError(error, folder, true);
  }
}

/** Its file is made by the first record, and open from a record until `sync`: torrents at which nothing happens need none. */
class FileStore implements TorrentStore {
  readonly records: readonly Uint8Array[];
  readonly #folder: string;
  readonly #key: string;
  readonly #lock: ProcessLock;
  /** Below 0 while all records are on stable storage, or nothing is known of them yet. */
  #fd: number = -1;
  /** The folder may not have the file's name on stable storage yet. */
  #isNew: boolean = false;
  #closed: boolean = false;
  /** Where the last whole record ends. */
  #end: number;
  /** For each `replace` that has been called and not ended: what was appended since. It goes to the new file as well. */
  #appended: readonly Uint8Array[][] = NONE;
  /** Calls that use the file wait for each other. */
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string, key: string, lock: ProcessLock) {
    this.#folder = folder;
    this.#key = key;
    this.#lock = lock;
    const bytes = readIfThere(this.#path);
    const { records, end } = parseRecords(bytes);
    this.records = records;
    this.#end = end;
    if (end < bytes.length) truncateSync(this.#path, end);
  }

  get #path(): string {
    return join(this.#folder, this.#key + SUFFIX);
  }

  append(record: Uint8Array): void {
    if (this.#closed) throw closedError();
    try {
      this.#write(frameRecords([record]));
    } catch (error) {
      throw systemError(error, this.#path, false);
    }
    for (const list of this.#appended) list.push(record);
  }

  sync(): Promise<void> {
    return this.#queue(async () => {
      if (this.#fd < 0) return;
      const end = this.#end;
      await fsyncAsync(this.#fd);
      if (this.#isNew) await syncFolder(this.#folder);
      this.#isNew = false;
      if (this.#end === end) this.#shut();
    });
  }

  replace(records: readonly Uint8Array[]): Promise<void> {
    const meanwhile: Uint8Array[] = [];
    this.#appended = [...this.#appended, meanwhile];
    return this.#queue(() => this.#replace(records, meanwhile)).finally(() => {
      this.#appended = this.#appended.filter((other) => other !== meanwhile);
    });
  }

  async close(): Promise<void> {
    await this.#last;
    this.#release();
  }

  async remove(): Promise<void> {
    await this.#last;
    // Deleted while the lock is held: nobody can be reading it.
    await rm(this.#path, { force: true });
    await rm(join(this.#folder, this.#key + PART_SUFFIX), { force: true });
    this.#release();
  }

  #release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#shut();
    this.#lock.release();
  }

  #shut(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Appends bytes whole or not at all. */
  #write(records: Uint8Array): void {
    const isFirst = this.#end === 0;
    // What vanished while we had it locked is not begun anew in the middle.
    if (this.#fd < 0) this.#fd = openSync(this.#path, isFirst ? "a" : APPEND_ONLY, 0o600);
    this.#isNew ||= isFirst;
    const bytes = isFirst ? Buffer.concat([FILE_HEADER, records]) : records;
    try {
      writeWhole(this.#fd, bytes);
    } catch (error) {
      ftruncateSync(this.#fd, this.#end);
      throw error;
    }
    this.#end += bytes.length;
  }

  async #replace(records: readonly Uint8Array[], meanwhile: readonly Uint8Array[]): Promise<void> {
    const temporary = `${this.#path}.new`;
    await rm(temporary, { force: true });
    const fd = openSync(temporary, "ax", 0o600);
    let kept = false;
    try {
      const framed = frameRecords(records);
      writeWhole(fd, FILE_HEADER);
      writeWhole(fd, framed);
      await fsyncAsync(fd);
      const late = frameRecords(meanwhile);
      writeWhole(fd, late);
      renameSync(temporary, this.#path);
      kept = true;
      this.#shut();
      this.#fd = fd;
      this.#end = FILE_HEADER.length + framed.length + late.length;
    } finally {
      if (!kept) {
        closeSync(fd);
        await rm(temporary, { force: true });
      }
    }
    await syncFolder(this.#folder);
    this.#isNew = false;
    if (meanwhile.length === 0) this.#shut();
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const run = this.#last.then(async () => {
      if (this.#closed) throw closedError();
      try {
        await work();
      } catch (error) {
        throw systemError(error, this.#path, false);
      }
    });
    this.#last = run.catch(() => {});
    return run;
  }
}

function readIfThere(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return new Uint8Array();
    throw error;
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}

function closedError(): ShoalError {
  return new ShoalError("ERR_CLOSED", "the torrent's records have been closed");
}

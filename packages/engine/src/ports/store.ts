/**
 * Durable records of one torrent, in the state directory. One process at a time may hold a torrent's store.
 * Records are opaque bytes; core/resume gives them meaning.
 */
export interface TorrentStore {
  /** Everything a previous run left, oldest first; a torn or corrupt tail has been cut off. */
  readonly records: readonly Uint8Array[];
  /** Adds a record. It survives a crash of the process once this returns; of the machine, after `sync`. */
  append(record: Uint8Array): void;
  /** Flushes appended records to stable storage. */
  sync(): Promise<void>;
  /** Replaces all records atomically (write aside, fsync, rename). */
  replace(records: readonly Uint8Array[]): Promise<void>;
  /** Releases the lock; keeps the records. */
  close(): Promise<void>;
  /** Deletes the records and releases the lock. */
  remove(): Promise<void>;
}

export interface Store {
  /** Changes with every start of the machine: what was only in the page cache is gone when it differs. */
  readonly bootId: string;
  /** `key` is lower-case hex. Throws ERR_LOCKED when another process holds it. */
  open(key: string): Promise<TorrentStore>;
  /** Whether there are records under the key. */
  has(key: string): Promise<boolean>;
  /** Absolute path of a file next to a torrent's records, for bytes of files that are not wanted. */
  partPath(key: string): string;
  /** A small record besides those of torrents, or null when there is none. Throws ERR_PROTOCOL when it is damaged. */
  readRecord(name: string): Promise<Uint8Array | null>;
  /**
   * Replaces such a record atomically by what `change` makes of it (null when there is none or it is damaged). Processes take turns;
   * throws ERR_LOCKED when another takes too long.
   */
  updateRecord(name: string, change: (before: Uint8Array | null) => Uint8Array): Promise<void>;
  /** Keys that have records, and begin with `prefix`: with two digits or more that costs little, however many there are. */
  list(prefix?: string): Promise<string[]>;
}

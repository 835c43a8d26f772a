import { ShoalError, type Store, type TorrentStore } from "@shoal/engine/composition";

/** Resume data in memory. It outlives sessions, as a state directory does. */
export class SimulatedStore implements Store {
  bootId = "boot";
  readonly journals: Map<string, Uint8Array[]> = new Map();
  /** Small records besides those of torrents. */
  readonly small: Map<string, Uint8Array> = new Map();
  /** Keys that are held. */
  readonly locked: Set<string> = new Set();
  /** Thrown by `append`. */
  failing: ShoalError | null = null;
  /** Called with each record that was appended. */
  onAppend: (record: Uint8Array) => void = () => undefined;

  open(key: string): Promise<TorrentStore> {
    if (this.locked.has(key)) return Promise.reject(new ShoalError("ERR_LOCKED", "held already"));
    this.locked.add(key);
    const records = [...(this.journals.get(key) ?? [])];
    this.journals.set(key, [...records]);
    let open = true;
    const assertOpen = (): void => {
      if (!open) throw new ShoalError("ERR_CLOSED", "the torrent's records have been closed");
    };
    const release = (): void => {
      open = false;
      this.locked.delete(key);
    };
    return Promise.resolve({
      records,
      append: (record) => {
        assertOpen();
        if (this.failing !== null) throw this.failing;
        this.journals.get(key)!.push(record);
        this.onAppend(record);
      },
      sync: async () => {
        await Promise.resolve();
        assertOpen();
      },
      replace: async (all) => {
        await Promise.resolve();
        assertOpen();
        this.journals.set(key, [...all]);
      },
      close: async () => {
        await Promise.resolve();
        release();
      },
      remove: async () => {
        await Promise.resolve();
        this.journals.delete(key);
        release();
      },
    });
  }

  has(key: string): Promise<boolean> {
    return Promise.resolve((this.journals.get(key)?.length ?? 0) > 0);
  }

  partPath(key: string): string {
    return `/state/${key}.part`;
  }

  readRecord(name: string): Promise<Uint8Array | null> {
    return Promise.resolve(this.small.get(name) ?? null);
  }

  async updateRecord(name: string, change: (before: Uint8Array | null) => Uint8Array): Promise<void> {
    await Promise.resolve();
    this.small.set(name, change(this.small.get(name) ?? null));
  }

  list(prefix = ""): Promise<string[]> {
    return Promise.resolve([...this.journals.keys()].filter((key) => key.startsWith(prefix)));
  }

  /** What a killed process leaves: its records as they are now, and no lock. */
  copy(): SimulatedStore {
    const copy = new SimulatedStore();
    copy.bootId = this.bootId;
    for (const [key, records] of this.journals) copy.journals.set(key, [...records]);
    for (const [name, record] of this.small) copy.small.set(name, record);
    return copy;
  }
}

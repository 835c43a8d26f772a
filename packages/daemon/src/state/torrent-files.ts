import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** .torrent files of all transfers, by the hex of their primary info-hash. */
export class TorrentFiles {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async open(dir: string): Promise<TorrentFiles> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return new TorrentFiles(dir);
  }

  /** Resolves when it is durable. */
  async keep(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.path(key);
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  /** Throws when there is none. */
  async load(key: string): Promise<Uint8Array> {
    return new Uint8Array(await readFile(this.path(key)));
  }

  /** Null when there is none. */
  find(key: string): Promise<Uint8Array | null> {
    return this.load(key).catch(() => null);
  }

  async remove(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  /** Where it lies, or will lie. */
  path(key: string): string {
    return join(this.#dir, `${key}.torrent`);
  }
}

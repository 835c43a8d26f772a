import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../files/write-whole.ts";

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
  keep(key: string, bytes: Uint8Array): Promise<void> {
    return writeWhole(this.path(key), bytes);
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

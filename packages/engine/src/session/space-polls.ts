import type { Millis } from "../base/brand.ts";
import type { Disk } from "../ports/disk.ts";

/** An answer is good for everybody who asks within this time. */
const FRESH_MS = 1_000;

interface Poll {
  readonly at: Millis;
  readonly free: Promise<number>;
}

/** Asks for the free space of folders: once for all torrents that want to know at the same time. */
export class SpacePolls {
  readonly #disk: Disk;
  readonly #now: () => Millis;
  /** Bytes that are to stay free. */
  readonly #reserve: () => number;
  readonly #polls: Map<string, Poll> = new Map();

  constructor(disk: Disk, now: () => Millis, reserve: () => number) {
    this.#disk = disk;
    this.#reserve = reserve;
    this.#now = now;
  }

  /** Bytes that may be written to the file system of `path`: what is free but for what is to stay so. Throws ERR_DISK. */
  async free(path: string): Promise<number> {
    return this.#unreserved(await this.#poll(path));
  }

  /** The same, measured now. */
  async freeNow(path: string): Promise<number> {
    return this.#unreserved(await this.#disk.freeSpace(path));
  }

  #unreserved(free: number): number {
    return Math.max(0, free - this.#reserve());
  }

  #poll(path: string): Promise<number> {
    const now = this.#now();
    const known = this.#polls.get(path);
    if (known !== undefined && now - known.at < FRESH_MS) return known.free;
    for (const [other, poll] of this.#polls) if (now - poll.at >= FRESH_MS) this.#polls.delete(other);
    const free = this.#disk.freeSpace(path);
    this.#polls.set(path, { at: now, free });
    return free;
  }
}

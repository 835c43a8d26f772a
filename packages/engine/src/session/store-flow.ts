import type { ShoalError } from "../base/errors.ts";
import type { StoreBuffer, StoreWrite } from "../core/store-buffer.ts";
import type { Disk, StorageId } from "../ports/disk.ts";

/** A torrent whose blocks go through the store buffer. */
export interface StoreSink {
  readonly storage: StorageId;
  onWriteStarted(): void;
  /** The blocks of `write` are on disk, or lost when there is an error. */
  onWritten(write: StoreWrite, error: ShoalError | null): void;
}

export interface StoreFlowOwner {
  /** The arena is full, sockets must not be read; or it has room again. */
  onArena(full: boolean): void;
  /** More blocks may be requested again. */
  onRoom(): void;
}

/** Moves what the store buffer has ready to the disk, and tells the sockets when to stop and to go on reading. */
export class StoreFlow {
  readonly buffer: StoreBuffer;
  readonly #disk: Disk;
  readonly #sinks: Map<number, StoreSink> = new Map();
  readonly #owner: StoreFlowOwner;
  #paused = false;
  #pressed = false;

  constructor(buffer: StoreBuffer, disk: Disk, owner: StoreFlowOwner) {
    this.buffer = buffer;
    this.#disk = disk;
    this.#owner = owner;
  }

  register(torrent: number, sink: StoreSink): void {
    this.#sinks.set(torrent, sink);
  }

  /** No write of the torrent may be under way any more. */
  unregister(torrent: number): void {
    this.#sinks.delete(torrent);
  }

  /** Starts all writes that are ready. */
  drain(): void {
    for (let write = this.buffer.nextWrite(); write !== null; write = this.buffer.nextWrite())
      this.#start(write);
    this.#tellChanges();
  }

  #start(write: StoreWrite): void {
    const sink = this.#sinks.get(write.torrent)!;
    sink.onWriteStarted();
    this.#disk.write(sink.storage, write.piece, write.begin, write.arenaOffset, write.length, (error) => {
      this.buffer.onWritten(write);
      sink.onWritten(write, error);
      this.drain();
    });
  }

  #tellChanges(): void {
    const { mustPause, underPressure } = this.buffer;
    if (mustPause !== this.#paused) {
      this.#paused = mustPause;
      this.#owner.onArena(mustPause);
    }
    if (underPressure !== this.#pressed) {
      this.#pressed = underPressure;
      if (!underPressure) this.#owner.onRoom();
    }
  }
}

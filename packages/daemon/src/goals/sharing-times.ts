import type { Transfer } from "../transfer.ts";

/** How long each transfer has really shared or fetched, and when it last moved anything. Milliseconds since 1970. */
export class SharingTimes {
  readonly #now: () => number;
  readonly #running: Map<
    Transfer,
    { readonly field: "sharingMs" | "downloadingMs"; since: number; movedAt: number; moved: number }
  > = new Map();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Its state is what it is now. */
  onState(transfer: Transfer): void {
    this.count(transfer);
    const { state } = transfer.torrent;
    const isSharing = state === "seeding" || state === "finished";
    if (!isSharing && state !== "downloading") {
      this.#running.delete(transfer);
      return;
    }
    const field = isSharing ? "sharingMs" : "downloadingMs";
    if (this.#running.get(transfer)?.field === field) return;
    const now = this.#now();
    this.#running.set(transfer, { field, since: now, movedAt: now, moved: transfer.torrent.movedBytes });
  }

  /** Adds what has passed since the last count to its record. */
  count(transfer: Transfer): void {
    const one = this.#running.get(transfer);
    if (one === undefined) return;
    const now = this.#now();
    transfer.record[one.field] += Math.max(0, now - one.since);
    one.since = now;
  }

  /** Looks whether it has moved anything; true when it has. */
  look(transfer: Transfer): boolean {
    const one = this.#running.get(transfer);
    const { movedBytes } = transfer.torrent;
    if (one === undefined || one.moved === movedBytes) return false;
    one.moved = movedBytes;
    one.movedAt = this.#now();
    transfer.record.activeAt = new Date(one.movedAt).toISOString();
    return true;
  }

  isSharing(transfer: Transfer): boolean {
    return this.#running.get(transfer)?.field === "sharingMs";
  }

  /** For so long nobody has wanted anything of it, while it was shared. */
  idleMs(transfer: Transfer): number {
    const one = this.#running.get(transfer);
    return one === undefined ? 0 : Math.max(0, this.#now() - one.movedAt);
  }

  forget(transfer: Transfer): void {
    this.#running.delete(transfer);
  }

  /** All that run. */
  running(): IterableIterator<Transfer> {
    return this.#running.keys();
  }
}

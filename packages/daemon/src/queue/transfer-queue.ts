import type { QueueMove, Session } from "@shoal/engine";
import type { Settings } from "../settings/settings.ts";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";

export interface TransferQueueParts {
  readonly session: Session;
  readonly transfers: Transfers;
}

/** The order of all transfers, and how many of them may run at once. */
export class TransferQueue {
  readonly #parts: TransferQueueParts;

  constructor(parts: TransferQueueParts) {
    this.#parts = parts;
  }

  /** Moves transfers, which keep their order among themselves. Resolves when that is durable. */
  async move(chosen: readonly Transfer[], move: QueueMove): Promise<void> {
    const { session, transfers } = this.#parts;
    const torrents = chosen.map(({ torrent }) => torrent);
    const moved = session.queue.move(torrents, move).flatMap((torrent) => transfers.of(torrent) ?? []);
    await transfers.saveNow(...moved);
  }
}

/** How many may run at once, as settings say from now on. Returns what ends it. */
export function limitQueue(session: Session, settings: Settings): () => void {
  const apply = (): void =>
    session.queue.setLimits({
      download: settings.get("queue.downloads") ?? Infinity,
      seed: settings.get("queue.seeds") ?? Infinity,
    });
  apply();
  return settings.on(["queue.downloads", "queue.seeds"], apply);
}

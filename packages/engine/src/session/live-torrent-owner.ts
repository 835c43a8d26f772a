import type { TorrentEvent } from "./events.ts";

/** What a live torrent tells its handle. */
export interface LiveTorrentOwner {
  onEvent(event: TorrentEvent): void;
  /**
   * The torrent got another info-hash (a hybrid found by one of its two). Throws ERR_DUPLICATE_TORRENT at once; resolves when its
   * resume data is nobody else's.
   */
  onHashesKnown(): Promise<unknown>;
  /** There is something to do now: `onTick` is wanted. */
  onActive(): void;
}

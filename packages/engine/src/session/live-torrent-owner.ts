import type { Hold } from "../core/hold.ts";
import type { TorrentEvent } from "./events.ts";

/** What a live torrent tells its handle. */
export interface LiveTorrentOwner {
  /** Order among all torrents: the smaller, the earlier. */
  readonly rank: number;
  onEvent(event: TorrentEvent): void;
  /**
   * The torrent got another info-hash (a hybrid found by one of its two). Throws ERR_DUPLICATE_TORRENT at once; resolves when its
   * resume data is nobody else's.
   */
  onHashesKnown(): Promise<unknown>;
  /** Why it is paused, as far as somebody says. */
  hold(): Hold | null;
  /** There is something to do now: `onTick` is wanted. */
  onActive(): void;
}

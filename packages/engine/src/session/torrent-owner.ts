import type { TorrentEvent } from "./events.ts";

/** What torrents, which are `T`, tell their session. */
export interface TorrentOwner<T> {
  onEvent(torrent: T, event: TorrentEvent): void;
  /** The torrent got another info-hash (a hybrid found by one of its two). Throws ERR_DUPLICATE_TORRENT. */
  onHashesKnown(torrent: T): void;
  /** There is something to do now: `onTick` is wanted. */
  onActive(torrent: T): void;
}

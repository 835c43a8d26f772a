import type { Hold } from "../core/hold.ts";
import type { TorrentEvent } from "./events.ts";

/** What torrents, which are `T`, tell their session. */
export interface TorrentOwner<T> {
  onEvent(torrent: T, event: TorrentEvent): void;
  /** See `LiveTorrentOwner`. */
  onHashesKnown(torrent: T): Promise<unknown>;
  /** See `LiveTorrentOwner`. */
  hold(torrent: T): Hold | null;
  /** There is something to do now: `onTick` is wanted. */
  onActive(torrent: T): void;
}

import type { Hold } from "../core/hold.ts";
import type { TorrentEvent } from "./events.ts";
import type { QueueMember, TorrentQueue } from "./torrent-queue.ts";

/** What torrents, which are `T`, tell their session. */
export interface TorrentOwner<T extends QueueMember> {
  readonly queue: TorrentQueue<T>;
  onEvent(torrent: T, event: TorrentEvent): void;
  /** See `LiveTorrentOwner`. */
  onHashesKnown(torrent: T): Promise<unknown>;
  /** See `LiveTorrentOwner`. */
  hold(torrent: T): Hold | null;
  /** There is something to do now: `onTick` is wanted. */
  onActive(torrent: T): void;
}

import type { Torrent, TorrentState } from "@shoal/engine";

/** Transmission's numbers for what a torrent does. */
const STATUS: Readonly<Record<TorrentState, number>> = {
  paused: 0,
  queued: 3,
  error: 0,
  checking: 2,
  metadata: 4,
  downloading: 4,
  finished: 6,
  seeding: 6,
};

export function statusOf({ state }: Pick<Torrent, "state">): number {
  return STATUS[state];
}

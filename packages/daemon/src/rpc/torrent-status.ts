import type { Torrent, TorrentState, TorrentStats } from "@shoal/engine";

/** Transmission's numbers for what a torrent does. */
const STATUS: Readonly<Record<TorrentState, number>> = {
  paused: 0,
  error: 0,
  checking: 2,
  queued: 3,
  metadata: 4,
  downloading: 4,
  finished: 6,
  seeding: 6,
};
const WAITS_TO_BE_CHECKED = 1;
const WAITS_TO_SEED = 5;

export function statusOf(
  { state }: Pick<Torrent, "state">,
  { pieceCount, wanted, have, waiting }: Pick<TorrentStats, "pieceCount" | "wanted" | "have" | "waiting">,
): number {
  if (state === "checking" && waiting?.code === "queued") return WAITS_TO_BE_CHECKED;
  const isComplete = pieceCount > 0 && have >= wanted;
  return state === "queued" && isComplete ? WAITS_TO_SEED : STATUS[state];
}

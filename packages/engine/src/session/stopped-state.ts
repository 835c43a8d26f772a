import type { TorrentState } from "./events.ts";

/** A torrent does nothing: its user has paused it, or it waits for its turn. */
export type StoppedState = "paused" | "queued";

export function isStopped(state: TorrentState): state is StoppedState {
  return state === "paused" || state === "queued";
}

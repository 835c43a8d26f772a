import type { AddOptions } from "./add-options.ts";
import type { LiveTorrent } from "./live-torrent.ts";

/** Whether a torrent that has nothing to do may be put to rest: it can be loaded again, and nobody waits for anything of it. */
export function mayRest(live: LiveTorrent, { load, seedOnly }: AddOptions): boolean {
  if (load === undefined || seedOnly === true || live.metainfo === null) return false;
  if (live.state === "paused") return true;
  // What is lost is looked for.
  const isWell = (live.content?.trouble ?? null) === null;
  return isWell && (live.state === "seeding" || live.state === "finished");
}

import type { Millis } from "../base/brand.ts";
import type { AddOptions } from "./add-options.ts";
import type { LiveTorrent } from "./live-torrent.ts";
import { isStopped } from "./stopped-state.ts";

/** A torrent that has had nothing to do for so long, and will have nothing for as long again, goes to rest. */
const REST_AFTER_MS = 60_000;

/** Decides when a torrent goes to rest. */
export class RestWatch {
  #idleSince: Millis = Infinity;

  onBusy(): void {
    this.#idleSince = Infinity;
  }

  /** Null: now. Else when to ask again: not after `now` means soon, Infinity not at all. */
  next(live: LiveTorrent, options: AddOptions, now: Millis, isWakingUp: boolean): Millis | null {
    if (live.isBusy(now) || isWakingUp) {
      this.onBusy();
      return now;
    }
    this.#idleSince = Math.min(this.#idleSince, now);
    const next = live.nextDeadline();
    if (!mayRest(live, options)) return next;
    const restAt = this.#idleSince + REST_AFTER_MS;
    if (now < restAt) return Math.min(next, restAt);
    return next < now + REST_AFTER_MS ? next : null;
  }
}

/** Whether a torrent that has nothing to do may be put to rest: it can be loaded again, and nobody waits for anything of it. */
function mayRest(live: LiveTorrent, { load, seedOnly }: AddOptions): boolean {
  if (load === undefined || seedOnly === true || live.metainfo === null) return false;
  if (isStopped(live.state)) return true;
  // What is lost is looked for.
  const isWell = (live.content?.trouble ?? null) === null;
  return isWell && (live.state === "seeding" || live.state === "finished");
}

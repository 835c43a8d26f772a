import type { Millis } from "../base/brand.ts";
import type { Clock } from "../ports/clock.ts";
import { TICK_MS } from "./ticker.ts";
import { TorrentAlarms } from "./torrent-alarms.ts";

interface Ticking<L> {
  /** Null at rest. */
  readonly live: L | null;
  /** Does what is due. Returns when it wants to be called again: not after `now` means soon, Infinity not at all. */
  onTick(now: Millis): Millis;
}

/** Torrents that have something to do in time, now or at a known time; the others cost nothing. `L`: such a torrent when it is not at rest. */
export class ActiveTorrents<T extends Ticking<L>, L> {
  readonly #active: Set<T> = new Set();
  /** Of torrents that have nothing to do before a certain time. */
  readonly #alarms: TorrentAlarms<T>;

  /** `onDue`: some torrent is active that was not; `tick` is wanted soon. */
  constructor(clock: Clock, onDue: () => void) {
    this.#alarms = new TorrentAlarms(clock, (torrent) => {
      this.#active.add(torrent);
      onDue();
    });
  }

  /** Those that take part in what goes on. */
  *live(): Generator<L, void, undefined> {
    for (const { live } of this.#active) if (live !== null) yield live;
  }

  add(torrent: T): void {
    this.#alarms.cancel(torrent);
    this.#active.add(torrent);
  }

  remove(torrent: T): void {
    this.#active.delete(torrent);
    this.#alarms.cancel(torrent);
  }

  /** Lets each do what is due, and tells of it. False when nothing is to be done before the next alarm. */
  tick(now: Millis, onTicked: (torrent: T) => void): boolean {
    let busy = false;
    for (const torrent of this.#active) {
      const next = torrent.onTick(now);
      onTicked(torrent);
      if (next <= now + TICK_MS) {
        busy = true;
        continue;
      }
      this.#active.delete(torrent);
      if (next < Infinity) this.#alarms.set(next, torrent);
    }
    return busy;
  }
}

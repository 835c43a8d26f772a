import type { Millis } from "../base/brand.ts";
import { WheelTimer } from "../base/timer-wheel.ts";
import type { Clock } from "../ports/clock.ts";
import { Alarms } from "./alarms.ts";

/** When torrents that are awake have something to do; those at rest, which are most, have no part in it. */
export class TorrentAlarms<T> {
  readonly #alarms: Alarms<TorrentAlarm<T>>;
  readonly #alarmOf: Map<T, TorrentAlarm<T>> = new Map();

  constructor(clock: Clock, ring: (torrent: T) => void) {
    this.#alarms = new Alarms(clock, ({ torrent }) => {
      this.#alarmOf.delete(torrent);
      ring(torrent);
    });
  }

  /** Rings once; see `Alarms.set`. */
  set(at: Millis, torrent: T): void {
    this.cancel(torrent);
    const alarm = new TorrentAlarm(torrent);
    this.#alarmOf.set(torrent, alarm);
    this.#alarms.set(at, alarm);
  }

  cancel(torrent: T): void {
    const alarm = this.#alarmOf.get(torrent);
    if (alarm === undefined) return;
    this.#alarmOf.delete(torrent);
    this.#alarms.cancel(alarm);
  }
}

class TorrentAlarm<T> extends WheelTimer {
  readonly torrent: T;

  constructor(torrent: T) {
    super();
    this.torrent = torrent;
  }
}

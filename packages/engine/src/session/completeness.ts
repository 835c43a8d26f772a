import type { Millis } from "../base/brand.ts";
import { countTogether } from "../core/swarm/together.ts";
import type { Clock } from "../ports/clock.ts";
import type { TorrentSwarm } from "./torrent-swarm.ts";

/** So often it is looked who has what. */
const LOOK_EVERY_MS: Millis = 10_000;

/** Remembers when the peers of a torrent last had everything, one of them or all together. */
export class Completeness {
  /** Milliseconds since the Unix epoch; null when that was never seen. */
  seenAt: number | null;
  readonly #clock: Clock;
  #nextLookAt: Millis = -Infinity;

  constructor(clock: Clock, seenAt: number | null) {
    this.#clock = clock;
    this.seenAt = seenAt;
  }

  look(swarm: TorrentSwarm, pieceCount: number, now: Millis): void {
    if (now < this.#nextLookAt || pieceCount === 0) return;
    this.#nextLookAt = now + LOOK_EVERY_MS;
    if (countTogether(swarm.fields(), pieceCount) === pieceCount) this.seenAt = this.#clock.wallTime();
  }
}

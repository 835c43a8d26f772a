import type { Millis } from "../base/brand.ts";
import { assertRate, assertCount } from "../core/bandwidth/assert-limits.ts";
import { RateLimit } from "../core/bandwidth/rate-limit.ts";
import type { Bandwidth, SpeedLimits } from "./bandwidth.ts";

/** What one torrent may use. What is null is limited by the session alone. */
export interface TorrentLimits extends SpeedLimits {
  /** The session's speed limits hold for it, too. */
  readonly honorsSessionLimits: boolean;
  /** Peers that it may be connected with. */
  readonly maxConnections: number | null;
  /** Peers that it may serve at the same time. */
  readonly uploadSlots: number | null;
}

export const NO_TORRENT_LIMITS: TorrentLimits = {
  down: null,
  up: null,
  honorsSessionLimits: true,
  maxConnections: null,
  uploadSlots: null,
};

/** The limits of a torrent that is not at rest. */
export class LiveLimits {
  readonly down: RateLimit = new RateLimit();
  readonly up: RateLimit = new RateLimit();
  readonly #bandwidth: Bandwidth;
  #values: TorrentLimits = NO_TORRENT_LIMITS;

  constructor(bandwidth: Bandwidth, values: TorrentLimits, now: Millis) {
    this.#bandwidth = bandwidth;
    this.set(values, now);
  }

  get values(): TorrentLimits {
    return this.#values;
  }

  set(values: TorrentLimits, now: Millis): void {
    this.#values = values;
    const { down, up } = this.#bandwidth;
    this.down.setParent(values.honorsSessionLimits ? down.limit : null);
    this.up.setParent(values.honorsSessionLimits ? up.limit : null);
    this.down.setRate(values.down, now);
    this.up.setRate(values.up, now);
    down.turns.run(now);
    up.turns.run(now);
  }
}

/** Throws ERR_INVALID_ARGUMENT for what can't work. */
export function assertTorrentLimits(limits: Partial<TorrentLimits>): void {
  const { down = null, up = null, maxConnections = null, uploadSlots = null } = limits;
  assertRate("down", down);
  assertRate("up", up);
  if (maxConnections !== null) assertCount("maxConnections", maxConnections);
  if (uploadSlots !== null) assertCount("uploadSlots", uploadSlots);
}

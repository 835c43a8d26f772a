import { ShoalError } from "../base/errors.ts";
import { assertCount, assertRate } from "../core/bandwidth/assert-limits.ts";
import { leastUseful } from "../core/swarm/least-useful.ts";
import type { SessionConfig, SessionSettings } from "./config.ts";
import type { Bandwidth, SpeedLimits } from "./bandwidth.ts";
import type { LiveTorrent } from "./live-torrent.ts";

/** Writable: what all parts of the session look at. */
type Live<T> = { -readonly [K in keyof T]: T[K] };

interface LimitsOwner {
  /** Those that take part in what goes on. */
  torrents(): Iterable<LiveTorrent>;
  /** Other peers may be served than before. */
  onSlots(): void;
}

/** What a session may use, changed while it works: speed, connections, who is served, and requests. */
export class SessionLimits {
  /** As they are now. */
  readonly settings: SessionSettings;
  readonly #settings: Live<SessionSettings>;
  readonly #bandwidth: Bandwidth;
  readonly #owner: LimitsOwner;

  constructor(config: SessionConfig, bandwidth: Bandwidth, owner: LimitsOwner) {
    const { maxConnections, maxConnectionsPerTorrent, uploadSlots } = config;
    const { maxQueuedRequests, maxOutstandingRequests, diskReserve } = config;
    this.#settings = {
      ...{ maxConnections, maxConnectionsPerTorrent, uploadSlots },
      ...{ maxQueuedRequests, maxOutstandingRequests, diskReserve },
    };
    this.settings = this.#settings;
    this.#bandwidth = bandwidth;
    this.#owner = owner;
    this.setSpeeds(config.limits);
  }

  /** Of payload, over all torrents. */
  get speeds(): SpeedLimits {
    return { down: this.#bandwidth.down.limit.rate, up: this.#bandwidth.up.limit.rate };
  }

  /** At once. Throws ERR_INVALID_ARGUMENT; then nothing has changed. */
  setSpeeds(limits: Partial<SpeedLimits>): void {
    const { down, up } = { ...this.speeds, ...limits };
    assertRate("down", down);
    assertRate("up", up);
    const before = this.speeds.down ?? Infinity;
    this.#bandwidth.up.setRate(up);
    this.#bandwidth.down.setRate(down);
    if ((down ?? Infinity) >= before) return;
    for (const { limits: own, content } of this.#owner.torrents())
      if (own.values.honorsSessionLimits) content?.onLimitLowered();
  }

  /** At once: connections that are too many now are ended, the least useful ones first. Throws as `setSpeeds`. */
  setSettings(changes: Partial<SessionSettings>): void {
    assertSettings(changes);
    Object.assign(this.#settings, changes);
    const { maxConnections, maxOutstandingRequests } = this.#settings;
    const all = [];
    for (const { swarm, content } of this.#owner.torrents()) {
      swarm.connections.shrink();
      for (const source of content?.sources ?? []) source.pipeline.setBudget(maxOutstandingRequests);
      all.push(...swarm.connected);
    }
    for (const peer of leastUseful(all, all.length - maxConnections))
      peer.close(new ShoalError("ERR_CONNECT", "Fewer connections are wanted now"));
    this.#owner.onSlots();
  }
}

/** Throws ERR_INVALID_ARGUMENT for what can't work. */
function assertSettings({ uploadSlots = null, diskReserve = 0, ...counts }: Partial<SessionSettings>): void {
  if (!Number.isSafeInteger(diskReserve) || diskReserve < 0)
    throw new ShoalError("ERR_INVALID_ARGUMENT", `diskReserve must be a number of bytes, not ${diskReserve}`);
  if (uploadSlots !== null) assertCount("uploadSlots", uploadSlots);
  for (const [name, count] of Object.entries(counts)) assertCount(name, count);
}

import assert from "node:assert/strict";
import type { Session } from "../../dist/session/session.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import type { Rng } from "@shoal/engine/composition";

const MOVES = ["top", "up", "down", "bottom"] as const;
const COUNTS = [0, 1, 2, Infinity] as const;
const RATES = [null, 2_000, 20_000, 2_000_000] as const;

/** Does one of the things by which people say who runs, and how fast. Returns what it was. */
export function changeRules(rng: Rng, session: Session, torrent: Torrent): string {
  switch (rng.below(6)) {
    case 0: {
      const limits = { download: COUNTS[rng.below(4)]!, seed: COUNTS[rng.below(4)]! };
      session.queue.setLimits(limits);
      return `run ${limits.download} and ${limits.seed}`;
    }
    case 1: {
      const move = rng.below(5) === 0 ? rng.below(4) : MOVES[rng.below(4)]!;
      session.queue.move([torrent], move);
      return `queue ${move}`;
    }
    case 2: {
      const on = rng.below(2) === 0;
      torrent.setForced(on);
      return `force ${on}`;
    }
    case 3: {
      const limits = {
        down: RATES[rng.below(4)]!,
        up: RATES[rng.below(4)]!,
        honorsSessionLimits: rng.below(3) > 0,
        maxConnections: rng.below(2) === 0 ? null : 1 + rng.below(3),
        uploadSlots: rng.below(2) === 0 ? null : 1 + rng.below(3),
      };
      torrent.setLimits(limits);
      return `limits ${JSON.stringify(limits)}`;
    }
    case 4: {
      const speeds = { down: RATES[rng.below(4)]!, up: RATES[rng.below(4)]! };
      session.limits.setSpeeds(speeds);
      return `speeds ${speeds.down} ${speeds.up}`;
    }
    default: {
      const settings = {
        maxConnections: 2 + rng.below(20),
        maxConnectionsPerTorrent: 1 + rng.below(8),
        uploadSlots: rng.below(2) === 0 ? null : 1 + rng.below(4),
        maxQueuedRequests: 1 + rng.below(100),
        // What was asked for before may be more for a while.
        maxOutstandingRequests: 50 + rng.below(100),
      };
      session.limits.setSettings(settings);
      return `settings ${JSON.stringify(settings)}`;
    }
  }
}

/** Everybody may run, as fast as can be. */
export function liftRules(session: Session): void {
  session.queue.setLimits({ download: Infinity, seed: Infinity });
  session.limits.setSpeeds({ down: null, up: null });
  session.limits.setSettings({
    maxConnections: 20,
    maxConnectionsPerTorrent: 10,
    uploadSlots: null,
    maxQueuedRequests: 500,
    maxOutstandingRequests: 500,
  });
  for (const torrent of session.torrents()) {
    torrent.setLimits({
      down: null,
      up: null,
      honorsSessionLimits: true,
      maxConnections: null,
      uploadSlots: null,
    });
    torrent.setForced(false);
  }
}

/** What people see of the line is true. */
export function assertRules(session: Session): void {
  const order = session.queue.order;
  const places = order.map((torrent) => torrent.position);
  assert.deepEqual(places, [...places.keys()], "places are those of the order");
  for (const torrent of session.torrents()) {
    if (torrent.state !== "queued") continue;
    assert.equal(torrent.stats().waiting?.code, "queued");
    assert.deepEqual(torrent.peers(), [], "who waits has nobody");
  }
}

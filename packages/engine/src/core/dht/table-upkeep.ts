import { setLatest } from "../../base/set-latest.ts";
import { type Endpoint, endpointKey } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import type { RoutingTable } from "./routing-table.ts";

/** Between two looks at the table, when the last one found something to do, and when not. */
const BUSY_MS = 1_000;
const IDLE_MS = 15_000;
/** Our own neighbourhood is looked at again after about this time, then after twice as long, up to the last. */
const FIRST_SELF_MS = 5_000;
const LAST_SELF_MS = 900_000;
const MAX_HINTS = 256;
/** Nodes that are tried at the same time, and at one look at the table. */
const MAX_TRYING = 16;
const TRIES_PER_LOOK = 4;

/** What upkeep makes happen. */
export interface UpkeepHost {
  readonly canAsk: (now: Millis) => boolean;
  readonly ping: (endpoint: Endpoint, now: Millis) => void;
  /** Looks up the target, null for our own id. */
  readonly lookUp: (target: Uint8Array | null) => void;
  readonly randomId: () => Uint8Array;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Keeps the routing table full and true: tries hints, asks silent nodes, looks at forgotten parts of the space (BEP 5, "Routing Table"). */
export class TableUpkeep {
  readonly #host: UpkeepHost;
  /** Addresses where somebody says a node is; nobody believes it yet. */
  readonly #hints: Map<string, Endpoint> = new Map();
  #trying = 0;
  #lookAt: Millis = Number.POSITIVE_INFINITY;
  #selfAt: Millis = Number.POSITIVE_INFINITY;
  #selfAfterMs = FIRST_SELF_MS;

  constructor(host: UpkeepHost) {
    this.#host = host;
  }

  /** Of too many hints the oldest goes. */
  addHint(endpoint: Endpoint): void {
    setLatest(this.#hints, endpointKey(endpoint.host, endpoint.port), endpoint, MAX_HINTS);
  }

  /** A ping was answered or failed. */
  onTried(): void {
    this.#trying--;
  }

  /** The table has its first node, or we have a new id: time to look around. */
  lookAround(now: Millis): void {
    this.#selfAfterMs = FIRST_SELF_MS;
    this.#selfAt = now;
    this.#lookAt = Math.min(this.#lookAt, now + BUSY_MS);
  }

  /** The table has a spare node that it did not have. */
  onNewcomer(now: Millis): void {
    this.#lookAt = Math.min(this.#lookAt, now + BUSY_MS);
  }

  nextDeadline(): Millis {
    if (this.#hints.size > 0 && this.#trying < MAX_TRYING) return Number.NEGATIVE_INFINITY;
    return Math.min(this.#lookAt, this.#selfAt);
  }

  onTime(table: RoutingTable, now: Millis): void {
    for (const [key, endpoint] of this.#hints) {
      if (this.#trying >= MAX_TRYING || !this.#host.canAsk(now)) break;
      this.#hints.delete(key);
      this.#try(endpoint, now);
    }
    if (now >= this.#selfAt) {
      // Nodes that began together must not go on together.
      const spread = 0.75 + this.#host.random() / 2;
      this.#selfAt = now + this.#selfAfterMs * spread;
      this.#selfAfterMs = Math.min(this.#selfAfterMs * 2, LAST_SELF_MS);
      this.#host.lookUp(null);
    }
    if (now < this.#lookAt) return;
    const target = table.refreshTarget(this.#host.randomId(), now);
    if (target !== null) this.#host.lookUp(target);
    let tries = 0;
    for (; tries < TRIES_PER_LOOK && this.#trying < MAX_TRYING && this.#host.canAsk(now); tries++) {
      const node = table.nodeToTry(now);
      if (node === null) break;
      this.#try(node.endpoint, now);
    }
    this.#lookAt = now + (tries === 0 && target === null ? IDLE_MS : BUSY_MS);
  }

  #try(endpoint: Endpoint, now: Millis): void {
    this.#trying++;
    this.#host.ping(endpoint, now);
  }
}

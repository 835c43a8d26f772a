import { statfs } from "node:fs/promises";
import type { Dht, Session } from "@shoal/engine";
import type { Limits } from "../limits/limits.ts";
import { type NodeStatus, SCHEMA_VERSION, type Torrent as TorrentView } from "@shoal/schema";

/** Room on the disk is asked for at most so often. */
const SPACE_EVERY_MS = 5_000;

/** The node in numbers, and when which of them changed. */
export class NodeNumbers {
  readonly #session: Session;
  readonly #downloadDir: () => string;
  readonly #limits: Limits;
  readonly #changedAt: Map<string, number> = new Map();
  #status: NodeStatus | null = null;
  #revision = 0;
  #freeBytes: number | null = null;
  #spaceAt = -Infinity;

  constructor(session: Session, downloadDir: () => string, limits: Limits) {
    this.#session = session;
    this.#limits = limits;
    this.#downloadDir = downloadDir;
  }

  /** Counts anew; `views` are all transfers. */
  update(views: Iterable<TorrentView>): void {
    this.#askSpace();
    const states: Record<string, number> = {};
    let downRate = 0;
    let upRate = 0;
    let peers = 0;
    for (const view of views) {
      states[view.state] = (states[view.state] ?? 0) + 1;
      downRate += view.downRate;
      upRate += view.upRate;
      peers += view.peers;
    }
    const { dht, obstacle } = this.#session;
    const status: NodeStatus = {
      schema: SCHEMA_VERSION,
      downRate,
      upRate,
      states,
      peers,
      dhtNodes: dht === null ? null : nodesOf(dht.stats()),
      freeBytes: this.#freeBytes,
      obstacle,
      downLimit: this.#session.limits.speeds.down,
      upLimit: this.#session.limits.speeds.up,
      slowMode: this.#limits.isSlow,
    };
    const at = this.#revision + 1;
    for (const [key, value] of Object.entries(status)) {
      const before = this.#status?.[key as keyof NodeStatus];
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(value)) continue;
      this.#changedAt.set(key, at);
      this.#revision = at;
    }
    this.#status = status;
  }

  /** The numbers that changed since `revision` as JSON, all for 0; null when none did. */
  since(revision: number): { readonly at: number; readonly json: string } | null {
    if (this.#status === null || revision === this.#revision) return null;
    const fresh = Object.entries(this.#status).filter(([key]) => this.#changedAt.get(key)! > revision);
    return { at: this.#revision, json: JSON.stringify(Object.fromEntries(fresh)) };
  }

  #askSpace(): void {
    const now = performance.now();
    if (now - this.#spaceAt < SPACE_EVERY_MS) return;
    this.#spaceAt = now;
    statfs(this.#downloadDir()).then(
      ({ bavail, bsize }) => {
        this.#freeBytes = bavail * bsize;
      },
      () => {
        // The folder is made by the first download.
        this.#freeBytes = null;
      },
    );
  }
}

function nodesOf({ ipv4, ipv6 }: ReturnType<Dht["stats"]>): number {
  return (ipv4?.nodes ?? 0) + (ipv6?.nodes ?? 0);
}

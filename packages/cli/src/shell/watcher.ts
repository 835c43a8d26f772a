import { setTimeout as pause } from "node:timers/promises";

import type { Notice } from "@shoal/schema";
import { TorrentTable } from "@shoal/schema/reader";

import type { DaemonClient } from "../daemon/client.ts";
import { type StatusRow, statusLine } from "./status-line.ts";

const COLUMNS = ["id", "name", "state", "wanted", "have", "downRate", "etaMs"] as const;
const QUERY = `?topics=torrents,node,notices&columns=${COLUMNS.join(",")}`;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface WatcherListener {
  /** What happened, as it is told to people. */
  onNotice(notice: Notice): void;
  /** The status line is now this; "" when nothing goes on. */
  onStatus(line: string): void;
  /** The daemon is gone, or back. */
  onConnection(isThere: boolean): void;
}

/** Reads along what a daemon does, and comes back when it was away. */
export class Watcher {
  readonly #daemon: DaemonClient;
  readonly #listener: WatcherListener;
  readonly #end: AbortController = new AbortController();
  readonly #done: Promise<void>;
  #isThere = true;

  constructor(connect: (signal: AbortSignal) => DaemonClient, listener: WatcherListener) {
    this.#daemon = connect(this.#end.signal);
    this.#listener = listener;
    this.#done = this.#watch();
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #watch(): Promise<void> {
    let wait = FIRST_PAUSE_MS;
    while (!this.#end.signal.aborted) {
      try {
        await this.#read(() => (wait = FIRST_PAUSE_MS));
      } catch {
        // Then it is away, or being restarted.
      }
      if (this.#end.signal.aborted) return;
      this.#tell(false);
      await pause(wait, undefined, { signal: this.#end.signal }).catch(() => undefined);
      wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
    }
  }

  async #read(onFirst: () => void): Promise<void> {
    let status = {};
    const table = new TorrentTable();
    for await (const { event, data } of this.#daemon.events(QUERY)) {
      onFirst();
      this.#tell(true);
      switch (event) {
        case "snapshot":
          table.onSnapshot(data);
          break;
        case "delta":
          table.onDelta(data);
          break;
        case "node":
          status = { ...status, ...data };
          break;
        case "notice":
          this.#listener.onNotice(data);
          break;
        case "reset":
        case "log":
        case "detail":
          break;
      }
      this.#listener.onStatus(statusLine(status, table.rows() as StatusRow[]));
    }
  }

  #tell(isThere: boolean): void {
    if (this.#isThere === isThere) return;
    this.#isThere = isThere;
    this.#listener.onConnection(isThere);
  }
}

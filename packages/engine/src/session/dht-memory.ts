import type { Millis } from "../base/brand.ts";
import { ShoalError, validOrNull } from "../base/errors.ts";
import { decodeDhtRecord, type DhtRecord, encodeDhtRecord } from "../core/dht-record.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";

const RECORD = "dht";
/** How often a process saves. */
export const SAVE_MS: Millis = 15 * 60_000;
/** One that has not saved for so long has ended. */
const HOLD_MS = SAVE_MS + 5 * 60_000;

/** States of our nodes, null where there is none. */
export interface NodeStates {
  readonly v4: Uint8Array | null;
  readonly v6: Uint8Array | null;
}

/** What an earlier run knew. */
export interface LoadedStates extends NodeStates {
  /** False while another process has the ids. */
  readonly hasIds: boolean;
}

/** What our nodes know from one run to the next, in the state directory. Processes that share one take turns: one of them has the ids. */
export class DhtMemory {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #log: Log;
  /** Random number that tells this process from others. */
  readonly #holder: number;

  constructor(clock: Clock, store: Store, log: Log, holder: number) {
    this.#clock = clock;
    this.#store = store;
    this.#log = log;
    this.#holder = holder;
  }

  /** Never rejects: what can't be read is done without. */
  async load(): Promise<LoadedStates> {
    let found: DhtRecord | null = null;
    let hasIds = true;
    await this.#update((before) => {
      found = before;
      hasIds = before === null || !this.#isHeldByOther(before);
      return hasIds ? this.#record(before ?? { v4: null, v6: null }, false) : before!;
    });
    const { v4, v6 } = (found as DhtRecord | null) ?? { v4: null, v6: null };
    return { v4, v6, hasIds };
  }

  /** `ending`: others may have the ids from now on. Never rejects. */
  save(states: NodeStates, ending: boolean): Promise<void> {
    return this.#update((before) =>
      before !== null && this.#isHeldByOther(before) ? before : this.#record(states, ending),
    );
  }

  async #update(change: (before: DhtRecord | null) => DhtRecord): Promise<void> {
    try {
      await this.#store.updateRecord(RECORD, (before) => encodeDhtRecord(change(readable(before))));
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.#log.warn("What is known of the DHT can't be kept", { reason: error.message });
    }
  }

  #record({ v4, v6 }: NodeStates, ending: boolean): DhtRecord {
    const heldUntil = ending ? 0 : this.#clock.wallTime() + HOLD_MS;
    return { v4, v6, heldUntil, holder: this.#holder };
  }

  #isHeldByOther({ heldUntil, holder }: DhtRecord): boolean {
    const now = this.#clock.wallTime();
    // A clock that was set back must not keep the ids away for long.
    return holder !== this.#holder && heldUntil > now && heldUntil <= now + HOLD_MS;
  }
}

/** Null for what is damaged or of another version: a fresh start. */
function readable(bytes: Uint8Array | null): DhtRecord | null {
  return bytes === null ? null : validOrNull(() => decodeDhtRecord(bytes));
}

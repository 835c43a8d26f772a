import type { Log, Session } from "@shoal/engine";
import type { Database } from "@shoal/server";
import type { Notices } from "../live/notices.ts";
import type { Settings } from "../settings/settings.ts";
import type { Tables } from "../state/tables.ts";
import { Counters } from "./counters.ts";
import { EventLog } from "./event-log.ts";
import { Totals } from "./totals.ts";
import { TransferLog } from "./transfer-log.ts";

export interface LedgerParts {
  readonly session: Session;
  readonly database: Database<Tables>;
  readonly notices: Notices;
  readonly settings: Settings;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** All that is written down of what was moved and what happened. */
export class Ledger {
  readonly transfers: TransferLog;
  readonly events: EventLog;
  readonly totals: Totals;

  private constructor(parts: LedgerParts, counters: Counters) {
    const { settings } = parts;
    this.transfers = new TransferLog({ ...parts, counters, capacity: () => settings.get("log.transfers") });
    this.events = new EventLog({ ...parts, capacity: () => settings.get("log.events") });
    this.totals = new Totals({ ...parts, counters });
  }

  static async open(parts: LedgerParts): Promise<Ledger> {
    return new Ledger(parts, await Counters.load(parts.database));
  }

  /** After the session has ended: its last bytes are counted, too. */
  async close(): Promise<void> {
    await this.transfers.close();
    await this.events.close();
    await this.totals.close();
  }
}

import type { Insertable } from "kysely";
import type { HistoryTable } from "../state/tables.ts";
import type { Transfer } from "../transfer.ts";

/** What has become of a transfer. `now`: milliseconds since 1970; `why` it failed. */
export function historyRow(
  { id, record, torrent }: Transfer,
  outcome: HistoryTable["outcome"],
  now: number,
  why: { readonly code: string; readonly message: string } | null = null,
): Insertable<HistoryTable> {
  return {
    at: new Date(now).toISOString(),
    key: record.key,
    name: torrent.name,
    size: torrent.stats().wanted,
    outcome,
    code: why?.code ?? null,
    message: why?.message ?? null,
    torrent: id,
  };
}

import type { EventLogEntry, EventLogPage } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { clean } from "../../ui/clean.ts";
import type { Invocation } from "../command.ts";
import type { EventLogOptions } from "./declarations.ts";
import { follow, queryOf } from "./follow.ts";
import { logTarget } from "./log-target.ts";
import { formatWhen, pastTime } from "./past.ts";

/** `shoal log events [TRANSFER]`. */
export async function runEventLog(invocation: Invocation<EventLogOptions>): Promise<number> {
  const { context, output, args, options } = invocation;
  const daemon = await daemonClient(context);
  const { since, limit } = options;
  const [word] = args;
  const filter = {
    // The events of a transfer that is gone are asked for by the number that it had.
    torrent: word !== undefined && /^\d{1,15}$/.test(word) ? word : await logTarget(daemon, word),
    since: since === null ? null : pastTime(since, context.wallTime()),
    limit,
  };
  const ask = (more: Readonly<Record<string, number | null>>): Promise<EventLogPage> =>
    daemon.get<EventLogPage>(`/log/events${queryOf({ ...filter, ...more })}`);
  const show = (row: EventLogEntry): void => {
    output.event("event", row);
    output.data(
      output.piped
        ? [row.at, row.kind, row.torrent ?? "", clean(row.message)].join("\t")
        : `${formatWhen(row.at, context.wallTime())}  ${clean(row.message)}`,
    );
  };
  const page = await ask({});
  if (options.follow) for (const row of page.rows) show(row);
  else {
    output.document(page);
    if (page.rows.length === 0) output.note("Nothing happened yet that this asks for.");
    if (!output.json) for (const row of page.rows) show(row);
    return 0;
  }
  return follow(context, page.rows.at(-1)?.seq ?? 0, async (after) => {
    const { rows } = await ask({ after, limit: null });
    for (const row of rows) show(row);
    return rows.at(-1)?.seq ?? after;
  });
}

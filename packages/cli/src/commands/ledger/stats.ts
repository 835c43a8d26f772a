import type { Stats } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { formatDuration } from "../../ui/durations.ts";
import { count, formatRate, formatSize } from "../../ui/sizes.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Invocation, NoOptions } from "../command.ts";

const COLUMNS = columnsOf("", ">DOWN", ">UP", ">RATIO");

/** `shoal stats`. */
export async function runStats({ context, output }: Invocation<NoOptions>): Promise<number> {
  const stats = await (await daemonClient(context)).get<Stats>("/stats");
  output.document(stats);
  const { session, today, week, month, all } = stats;
  const spans = [
    ["since it was started", session],
    ["today", today],
    ["7 days", week],
    ["30 days", month],
    ["all", all],
  ] as const;
  const rows = spans.map(([name, { downloaded, uploaded }]) => [
    name,
    output.piped ? String(downloaded) : formatSize(downloaded),
    output.piped ? String(uploaded) : formatSize(uploaded),
    downloaded === 0 ? "" : (uploaded / downloaded).toFixed(2),
  ]);
  for (const line of renderTable(COLUMNS, rows, output.piped)) output.data(line);
  output.note(`Now ${formatRate(stats.downRate)} down, ${formatRate(stats.upRate)} up.`);
  output.note(
    `It has run ${count(all.sessions, "time")}, ${formatDuration(all.activeMs)} in all; ${count(all.added, "transfer")} added.`,
  );
  return 0;
}

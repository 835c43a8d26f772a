import type { HistoryEntry, HistoryList, Torrent } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { CliError, usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { confirm } from "../../ui/prompt.ts";
import { formatSize } from "../../ui/sizes.ts";
import { columnsOf, renderTable, truncateMiddle } from "../../ui/table.ts";
import type { Invocation } from "../command.ts";
import type { HistoryOptions } from "./declarations.ts";
import { queryOf } from "./follow.ts";
import { formatWhen, pastTime } from "./past.ts";

const COLUMNS = columnsOf(">ID", "WHEN", "NAME", ">SIZE", "OUTCOME");
/** Programs get the reason in columns of their own. */
const PLAIN_COLUMNS = [...COLUMNS, ...columnsOf("CODE", "REASON")];
/** What the columns besides the name take, without the reason. */
const OTHER_COLUMNS = 50;

/** `shoal history`. */
export async function runHistory(invocation: Invocation<HistoryOptions>): Promise<number> {
  const { options } = invocation;
  if (options.retry !== null) return retry(invocation, options.retry);
  if (options.clear) return clear(invocation);
  const { context, output } = invocation;
  const { since, limit } = options;
  const list = await (
    await daemonClient(context)
  ).get<HistoryList>(
    `/history${queryOf({
      outcome: outcomeOf(options),
      since: since === null ? null : pastTime(since, context.wallTime()),
      limit,
    })}`,
  );
  output.document(list);
  if (list.entries.length === 0) output.note("Nothing has come to its end yet that this asks for.");
  else
    for (const line of renderTable(
      output.piped ? PLAIN_COLUMNS : COLUMNS,
      list.entries.map((entry) => row(entry, output.piped, output.columns, context.wallTime())),
      output.piped,
    ))
      output.data(line);
  if (list.entries.some(({ outcome, torrent }) => outcome !== "finished" && torrent === null))
    output.note("Add one again with: shoal history --retry ID");
  return 0;
}

async function retry({ context, output }: Invocation<HistoryOptions>, id: number): Promise<number> {
  const torrent = await (await daemonClient(context)).post<Torrent>(`/history/${id}/retry`);
  output.document(torrent);
  output.note(`${torrent.id}  ${clean(torrent.name)}: goes on`);
  return 0;
}

async function clear({ context, output, options }: Invocation<HistoryOptions>): Promise<number> {
  const answer = await confirm(context, output, options, "Forget the whole history?");
  if (answer !== true) {
    const why =
      answer === null ? "Whether to forget the history could not be asked" : "Nothing was forgotten";
    throw new CliError("ERR_USAGE", why, answer === null ? "Say so with --yes." : "");
  }
  await (await daemonClient(context)).delete("/history");
  output.document({ cleared: true });
  output.note("The history is empty.");
  return 0;
}

function outcomeOf({ failed, finished, cancelled }: HistoryOptions): HistoryEntry["outcome"] | null {
  if ([failed, finished, cancelled].filter(Boolean).length > 1)
    throw usageError("--failed, --finished and --cancelled exclude each other", "Give one of them.");
  return failed ? "failed" : finished ? "finished" : cancelled ? "cancelled" : null;
}

function row(entry: HistoryEntry, plain: boolean, columns: number, now: number): string[] {
  const { id, at, size, outcome, code, message } = entry;
  const name = clean(entry.name);
  if (plain) return [String(id), at, name, String(size), outcome, code ?? "", clean(message ?? "")];
  const room = Math.max(16, columns - OTHER_COLUMNS);
  const why = message === null ? "" : `: ${clean(message)}`;
  return [
    String(id),
    formatWhen(at, now),
    truncateMiddle(name, room),
    size === 0 ? "" : formatSize(size),
    `${outcome}${why}`,
  ];
}

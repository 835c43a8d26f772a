import type { Torrent, TrashList, Undone } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Invocation } from "../command.ts";
import type { UndoOptions } from "./declarations.ts";
import { formatWhen } from "./past.ts";

const COLUMNS = columnsOf(">", "NAME", "REMOVED", "FOR GOOD", "FILES");

/** `shoal undo [NUMBER]`. */
export async function runUndo(invocation: Invocation<UndoOptions>): Promise<number> {
  const { context, output, args, options } = invocation;
  if (options.list) return list(invocation);
  const [word] = args;
  if (word !== undefined && !/^\d{1,9}$/.test(word))
    throw usageError(`"${clean(word)}" is no number`, "See what can be brought back: shoal undo --list");
  const daemon = await daemonClient(context);
  const torrents =
    word === undefined
      ? (await daemon.post<Undone>("/undo")).torrents
      : [await daemon.post<Torrent>(`/trash/${Number(word)}/restore`)];
  output.document({ torrents });
  for (const { id, name } of torrents) output.note(`${id}  ${clean(name)}: is back`);
  return 0;
}

async function list({ context, output }: Invocation<UndoOptions>): Promise<number> {
  const { entries } = await (await daemonClient(context)).get<TrashList>("/trash");
  output.document({ entries });
  if (entries.length === 0) {
    output.note("There is nothing to bring back.");
    return 0;
  }
  const when = (time: string): string => (output.piped ? time : formatWhen(time, context.wallTime()));
  const rows = entries.map(({ id, name, removedAt, untilAt, filesDeleted }) => [
    String(id),
    clean(name),
    when(removedAt),
    when(untilAt),
    filesDeleted ? "go with it" : "stay",
  ]);
  for (const line of renderTable(COLUMNS, rows, output.piped)) output.data(line);
  return 0;
}

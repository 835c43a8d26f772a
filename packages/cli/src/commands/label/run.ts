import type { Goals, Label, LabelChanges, LabelList } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { usageError } from "../../errors.ts";
import { userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { formatDuration } from "../../ui/durations.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Invocation, NoOptions } from "../command.ts";
import { parseChanges } from "../torrent/edit/changes.ts";
import type { SetLabelOptions } from "./declarations.ts";

const COLUMNS = columnsOf("LABEL", ">TRANSFERS", "SHARED UNTIL", "FOLDER");

/** `shoal label list`. */
export async function runListLabels({ context, output }: Invocation<NoOptions>): Promise<number> {
  const list = await (await daemonClient(context)).get<LabelList>("/labels");
  output.document(list);
  if (list.labels.length === 0) {
    output.note("There are no labels. Make one with: shoal label set NAME --folder DIR");
    return 0;
  }
  const rows = list.labels.map(({ name, torrents, goals, folder }) => [
    clean(name),
    String(torrents),
    goalText(goals),
    clean(folder ?? ""),
  ]);
  for (const line of renderTable(COLUMNS, rows, output.piped)) output.data(line);
  return 0;
}

/** `shoal label set NAME`. */
export async function runSetLabel({
  context,
  output,
  args,
  options,
}: Invocation<SetLabelOptions>): Promise<number> {
  const [name = ""] = args;
  const { folder, noFolder } = options;
  if (folder !== null && noFolder) throw usageError("--folder and --no-folder contradict each other", "");
  const said = (["ratio", "time", "idle"] as const).flatMap((key) => {
    return options[key] === null ? [] : [`${key}=${options[key]}`];
  });
  const changesOf = parseChanges(said);
  const daemon = await daemonClient(context);
  const { labels } = await daemon.get<LabelList>("/labels");
  const { goals } = changesOf({ goals: labels.find((label) => label.name === name)?.goals ?? {} });
  const body: LabelChanges = {
    ...(folder === null ? {} : { folder: userPath(context, folder) }),
    ...(noFolder ? { folder: null } : {}),
    ...(goals === undefined ? {} : { goals }),
  };
  const label = await daemon.put<Label>(`/labels/${encodeURIComponent(name)}`, body);
  output.document(label);
  output.note(
    `${clean(name)}: ${clean(label.folder ?? "no folder of its own")}; ${goalText(label.goals) || "no goals of its own"}`,
  );
  return 0;
}

/** `shoal label rm NAME`. */
export async function runRemoveLabel({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const [name = ""] = args;
  await (await daemonClient(context)).delete(`/labels/${encodeURIComponent(name)}`);
  output.document({ removed: name });
  output.note(`${clean(name)}: forgotten`);
  return 0;
}

function goalText({ ratio, timeMs, idleMs }: Goals): string {
  const parts = [
    ratio === undefined ? "" : ratio === null ? "any ratio" : `ratio ${ratio}`,
    timeMs === undefined ? "" : timeMs === null ? "for ever" : `after ${formatDuration(timeMs)}`,
    idleMs === undefined || idleMs === null ? "" : `nobody wants it for ${formatDuration(idleMs)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

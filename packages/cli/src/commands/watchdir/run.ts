import type { NewWatchFolder, WatchFolder, WatchFolderList } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { CliError, usageError } from "../../errors.ts";
import { shownPath, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Invocation, NoOptions } from "../command.ts";
import type { AddFolderOptions } from "./declarations.ts";

/** `shoal watchdir add DIR`. */
export async function runAddFolder({
  context,
  output,
  args,
  options,
}: Invocation<AddFolderOptions>): Promise<number> {
  if (options.delete && options.keep)
    throw usageError("--delete and --keep exclude each other", "Give one of them.");
  const body: NewWatchFolder = {
    dir: userPath(context, args[0] as string),
    labels: [...options.label],
    paused: options.paused,
    after: options.delete ? "delete" : "keep",
    ...(options.downloadDir === null ? {} : { downloadDir: userPath(context, options.downloadDir) }),
  };
  const folder = await (await daemonClient(context)).post<WatchFolder>("/watch-folders", body);
  output.document(folder);
  output.note(`${shownPath(context, folder.dir)} is watched: put .torrent or .magnet files there.`);
  if (folder.problem !== null) output.warn(clean(`${folder.problem}; it is waited for`));
  return 0;
}

/** `shoal watchdir list`. */
export async function runListFolders({ context, output }: Invocation<NoOptions>): Promise<number> {
  const list = await (await daemonClient(context)).get<WatchFolderList>("/watch-folders");
  output.document(list);
  if (list.watchFolders.length === 0) {
    output.note("No folder is watched. Add one with: shoal watchdir add DIR");
    return 0;
  }
  const columns = columnsOf(">NO", "FOLDER", "LABELS", "FILES ADDED ARE", "PROBLEM");
  const rows = list.watchFolders.map(({ id, dir, labels, after, problem }) => [
    String(id),
    clean(shownPath(context, dir)),
    clean(labels.join(", ")),
    after === "keep" ? "renamed" : "deleted",
    clean(problem ?? ""),
  ]);
  for (const line of renderTable(columns, rows, output.piped)) output.data(line);
  return 0;
}

/** `shoal watchdir rm DIR`. */
export async function runRemoveFolder({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const word = args[0] as string;
  const daemon = await daemonClient(context);
  const { watchFolders } = await daemon.get<WatchFolderList>("/watch-folders");
  const path = userPath(context, word);
  const folder = watchFolders.find(({ id, dir }) => dir === path || String(id) === word);
  if (folder === undefined) {
    throw new CliError(
      "ERR_NOT_FOUND",
      `${clean(word)} is not watched`,
      "See what is with: shoal watchdir list",
    );
  }
  await daemon.delete(`/watch-folders/${folder.id}`);
  output.note(`${shownPath(context, folder.dir)} is not watched any more.`);
  output.document({ removed: folder.id });
  return 0;
}

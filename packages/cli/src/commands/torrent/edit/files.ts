import type { FileChanges, TorrentFile, TorrentFiles } from "@shoal/schema";
import { fileMatcher } from "@shoal/schema/selection";

import { CliError, usageError } from "../../../errors.ts";
import { clean } from "../../../ui/clean.ts";
import { formatPercent, formatSize } from "../../../ui/sizes.ts";
import { columnsOf, renderTable } from "../../../ui/table.ts";
import type { Invocation } from "../../command.ts";
import { oneTarget } from "../../transfers/each-target.ts";
import type { FilesOptions } from "./declarations.ts";

const KINDS = ["skip", "want", "low", "normal", "high"] as const;
const COLUMNS = columnsOf(">", ">SIZE", ">DONE", "WANTED", "FILE");

/** `shoal torrent files TRANSFER`. */
export async function runFiles({
  context,
  output,
  args,
  options,
}: Invocation<FilesOptions>): Promise<number> {
  const { daemon, torrent } = await oneTarget(context, args[0] ?? "");
  const path = `/torrents/${torrent.id}/files`;
  let { files } = await daemon.get<TorrentFiles>(path);
  const wanted = KINDS.filter((kind) => options[kind].length > 0);
  if (files.length === 0)
    throw new CliError(
      "ERR_NOT_FOUND",
      `The files of ${clean(torrent.name)} are not known yet`,
      "They are when somebody who has it was asked.",
    );
  if (wanted.length > 0) {
    const changes: FileChanges = {};
    for (const kind of wanted) changes[kind] = named(options[kind], `--${kind}`, files);
    ({ files } = await daemon.patch<TorrentFiles>(path, changes));
  }
  output.document({
    id: torrent.id,
    name: torrent.name,
    files: files.map((file, at) => ({ number: at + 1, ...file })),
  });
  const rows = files.map((file, at) => row(file, at + 1, output.piped));
  for (const line of renderTable(COLUMNS, rows, output.piped)) output.data(line);
  return 0;
}

function named(patterns: readonly string[], flag: string, files: readonly TorrentFile[]): number[] {
  const found = new Set<number>();
  for (const pattern of patterns) {
    const before = found.size;
    const fits = matcher(pattern, flag);
    files.forEach(({ index, path }, at) => {
      if (fits(at + 1, path)) found.add(index);
    });
    if (found.size === before && !files.some(({ path }, at) => fits(at + 1, path)))
      throw new CliError("ERR_NOT_FOUND", `No file fits ${flag} ${clean(pattern)}`, "Nothing was changed.");
  }
  return [...found];
}

function matcher(pattern: string, flag: string): ReturnType<typeof fileMatcher> {
  try {
    return fileMatcher(pattern);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usageError(`${flag} ${clean(pattern)} can't be used: ${error.message}`, "");
  }
}

function row({ size, have, priority, path }: TorrentFile, number: number, plain: boolean): string[] {
  const done = size === 0 ? formatPercent(1) : formatPercent(have / size);
  return [String(number), plain ? String(size) : formatSize(size), done, levelOf(priority), clean(path)];
}

function levelOf(priority: number): string {
  if (priority === 0) return "no";
  return priority < 4 ? "last" : priority === 4 ? "yes" : "first";
}

import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CliError, fileSystemError } from "../../../errors.ts";
import { userPath } from "../../../paths.ts";
import { clean } from "../../../ui/clean.ts";
import type { Invocation } from "../../command.ts";
import { oneTarget } from "../../transfers/each-target.ts";
import type { ExportOptions } from "./declarations.ts";

/** `shoal torrent export TRANSFER`. */
export async function runExport({
  context,
  output,
  args,
  options,
}: Invocation<ExportOptions>): Promise<number> {
  const { daemon, torrent } = await oneTarget(context, args[0] ?? "");
  const bytes = await daemon.bytes(`/torrents/${torrent.id}/torrent-file`);
  if (options.output === "-") {
    context.stdout.write(bytes);
    return 0;
  }
  const wanted = userPath(context, options.output ?? ".");
  const isFolder = await stat(wanted).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const path = isFolder ? join(wanted, fileNameOf(torrent.name)) : wanted;
  try {
    await writeFile(path, bytes, { flag: options.overwrite ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new CliError(
        "ERR_FILE_EXISTS",
        `${clean(path)} already exists`,
        "Choose another name with -o, or --overwrite.",
      );
    throw fileSystemError(error, path);
  }
  output.data(clean(path));
  output.document({ id: torrent.id, name: torrent.name, path });
  return 0;
}

/** Names of torrents come from strangers. */
function fileNameOf(name: string): string {
  const safe = clean(name)
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/^\.+/, "_")
    .slice(0, 200);
  return `${safe === "" ? "torrent" : safe}.torrent`;
}

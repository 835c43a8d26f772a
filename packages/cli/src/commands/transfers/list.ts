import type { TorrentList } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import type { Invocation } from "../command.ts";
import { PLAIN_COLUMNS, USUAL_COLUMNS } from "./columns.ts";
import type { ListOptions } from "./declarations.ts";
import { chosen, listLines, plainLines } from "./list-table.ts";
import { watch } from "./watch.ts";

/** `shoal list`. */
export async function runList(invocation: Invocation<ListOptions>): Promise<number> {
  const { context, output, options } = invocation;
  const daemon = await daemonClient(context);
  const columns = options.columns ?? USUAL_COLUMNS;
  if (options.watch) return watch(invocation, daemon, (torrents) => chosen(torrents, options), columns);
  const list = await daemon.get<TorrentList>("/torrents");
  const torrents = chosen(list.torrents, options);
  output.rows("torrents", torrents, { revision: list.revision });
  if (torrents.length === 0) {
    output.note(
      list.torrents.length === 0
        ? "There are no transfers. Begin one with: shoal get LINK"
        : `None of ${list.torrents.length} transfers is like that. All: shoal list`,
    );
    return 0;
  }
  const lines = output.piped
    ? plainLines(torrents, options.columns ?? PLAIN_COLUMNS)
    : listLines(torrents, columns, output.columns, output.style);
  for (const line of lines) output.data(line);
  return 0;
}

import type { Torrent, TorrentList } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { clean } from "../../ui/clean.ts";
import { formatRough } from "../../ui/durations.ts";
import { formatRate, formatSize } from "../../ui/sizes.ts";
import { type Column, renderTable, truncateMiddle } from "../../ui/table.ts";
import type { Invocation, NoOptions } from "../command.ts";

const COLUMNS: readonly Column[] = [
  { heading: "", align: "right" },
  { heading: "NAME", align: "left" },
  { heading: "SIZE", align: "right" },
  { heading: "DONE", align: "right" },
  { heading: "DOWN", align: "right" },
  { heading: "UP", align: "right" },
  { heading: "LEFT", align: "right" },
  { heading: "STATE", align: "left" },
];
/** What the columns besides name and state take. */
const OTHER_COLUMNS = 56;

/** `shoal list`. */
export async function runList({ context, output }: Invocation<NoOptions>): Promise<number> {
  const list = await (await daemonClient(context)).get<TorrentList>("/torrents");
  output.document(list);
  if (list.torrents.length === 0) {
    output.note("There are no transfers. Begin one with: shoal get LINK");
    return 0;
  }
  const room = Math.max(16, output.columns - OTHER_COLUMNS - 16);
  const rows = list.torrents.map((torrent) => row(torrent, output.piped, room));
  for (const line of renderTable(COLUMNS, rows, output.piped)) output.data(line);
  return 0;
}

function row(torrent: Torrent, plain: boolean, room: number): string[] {
  const { id, wanted, have, downRate, upRate, etaMs } = torrent;
  const name = clean(torrent.name);
  const done = wanted === 0 ? "" : `${Math.floor((have / wanted) * 100)} %`;
  if (plain)
    return [String(id), name, String(wanted), done, String(downRate), String(upRate), "", stateOf(torrent)];
  return [
    String(id),
    truncateMiddle(name, room),
    wanted === 0 ? "" : formatSize(wanted),
    done,
    downRate === 0 ? "" : formatRate(downRate),
    upRate === 0 ? "" : formatRate(upRate),
    etaMs === null ? "" : formatRough(etaMs),
    stateOf(torrent),
  ];
}

const STATES: Readonly<Record<Torrent["state"], string>> = {
  metadata: "looking for the file list",
  checking: "checking",
  downloading: "downloading",
  seeding: "sharing",
  finished: "done",
  paused: "paused",
  queued: "waiting for its turn",
  error: "failed",
};

/** In words; with the reason where it waits or has failed. */
function stateOf({ state, waiting, error }: Torrent): string {
  const why = error?.message ?? waiting?.message ?? null;
  return why === null ? STATES[state] : `${STATES[state]}: ${clean(why)}`;
}

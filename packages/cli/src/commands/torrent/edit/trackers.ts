import type { TorrentTracker, TorrentTrackers, TrackerChanges } from "@shoal/schema";

import { usageError } from "../../../errors.ts";
import { clean } from "../../../ui/clean.ts";
import { formatRough } from "../../../ui/durations.ts";
import { columnsOf, renderTable } from "../../../ui/table.ts";
import type { Invocation, NoOptions } from "../../command.ts";
import { oneTarget } from "../../transfers/each-target.ts";

const COLUMNS = columnsOf("TRACKER", "STATE", ">SEEDS", ">NEXT", "SAYS");

const STATES: Readonly<Record<string, string>> = {
  idle: "not asked yet",
  asking: "being asked",
  ok: "answers",
  failed: "does not answer",
  never: "not asked again",
};

/** `shoal torrent trackers TRANSFER [add|rm|edit URL…]`. */
export async function runTrackers({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const [word = "", change, ...urls] = args;
  const changes = change === undefined ? null : changesOf(change, urls);
  const { daemon, torrent } = await oneTarget(context, word);
  const path = `/torrents/${torrent.id}/trackers`;
  const { trackers } =
    changes === null
      ? await daemon.get<TorrentTrackers>(path)
      : await daemon.patch<TorrentTrackers>(path, changes);
  output.document({ id: torrent.id, name: torrent.name, trackers });
  if (trackers.length === 0)
    output.note("It has no trackers. Add one with: shoal torrent trackers N add URL");
  const rows = trackers.map((tracker) => row(tracker, context.wallTime()));
  if (rows.length > 0) for (const line of renderTable(COLUMNS, rows, output.piped)) output.data(line);
  return 0;
}

function changesOf(change: string, urls: readonly string[]): TrackerChanges {
  if (urls.length === 0) throw usageError(`"${clean(change)}" needs the address of a tracker`, "");
  if (change === "add") return { add: [...urls] };
  if (change === "rm") return { remove: [...urls] };
  const [from, to] = urls;
  if (change === "edit" && urls.length === 2 && from !== undefined && to !== undefined)
    return { replace: [{ from, to }] };
  throw usageError(
    change === "edit"
      ? "edit needs two addresses: the old one and the new one"
      : `"${clean(change)}" is not add, rm or edit`,
    "",
  );
}

function row({ url, state, seeds, message, nextAnnounceAt }: TorrentTracker, now: number): string[] {
  const next = nextAnnounceAt === null ? "" : formatRough(Math.max(0, Date.parse(nextAnnounceAt) - now));
  const says = message === null ? "" : clean(message);
  return [clean(url), STATES[state] ?? state, seeds === null ? "" : String(seeds), next, says];
}

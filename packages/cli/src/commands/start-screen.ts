import type { Torrent, TorrentList } from "@shoal/schema";

import type { Context } from "../context.ts";
import { reach } from "../daemon/reach.ts";
import { CliError } from "../errors.ts";
import { clean } from "../ui/clean.ts";
import type { Output } from "../ui/output.ts";
import { count, formatPercent, formatRate } from "../ui/sizes.ts";
import type { Style } from "../ui/style.ts";
import { columnsOf, renderTable, truncateMiddle } from "../ui/table.ts";
import { readVersion } from "../version.ts";
import { stateWord } from "./transfers/columns.ts";

const SHOWN = 3;
const NAME_WIDTH = 40;

/** What the daemon does now; null when it does not run. */
export interface Now {
  readonly pid: number;
  readonly torrents: readonly Torrent[];
}

/** `shoal` alone: where things stand, and what can be done. */
export async function showStart(context: Context, output: Output): Promise<string[]> {
  return startScreen(readVersion(), output.style, await lookAround(context));
}

/** The daemon is asked, not started. */
async function lookAround(context: Context): Promise<Now | null> {
  try {
    const { daemon, info } = await reach(context);
    const { torrents } = await daemon.get<TorrentList>("/torrents");
    return { pid: info.pid, torrents };
  } catch (error) {
    if (error instanceof CliError) return null;
    throw error;
  }
}

/** At most 12 lines. */
export function startScreen(version: string, style: Style, now: Now | null): string[] {
  const { bold, accent, dim } = style;
  const rows = [
    ["shoal send PATH", "share a file or folder: prints a link to give away"],
    ["shoal get LINK", "fetch what a magnet link or .torrent file names"],
    ["shoal list", "what is fetched and shared; shoal watch: live"],
    ["shoal torrent info FILE", "what is in a .torrent file or magnet link"],
    ["shoal help", "all commands; shoal help get explains one"],
  ] as const;
  return [
    `${bold("shoal")} ${dim(version)}  moves files directly between people's computers.`,
    ...(now === null
      ? ["It does not run in the background now; it is started when it is needed."]
      : state(now)),
    "",
    ...rows.map(([line, about]) => `  ${accent(line.padEnd(26))}${about}`),
  ];
}

function state({ pid, torrents }: Now): string[] {
  const sum = (of: (torrent: Torrent) => number): number => torrents.reduce((all, one) => all + of(one), 0);
  const [down, up] = [sum(({ downRate }) => downRate), sum(({ upRate }) => upRate)];
  const speeds = `down ${formatRate(down)}, up ${formatRate(up)}`;
  const busy = torrents
    .filter(({ state }) => state === "downloading" || state === "metadata" || state === "checking")
    .toSorted((a, b) => b.downRate - a.downRate);
  const rows = busy
    .slice(0, SHOWN)
    .map((torrent) => [
      `  ${torrent.id}`,
      truncateMiddle(clean(torrent.name), NAME_WIDTH),
      torrent.wanted === 0 ? "" : formatPercent(torrent.have / torrent.wanted),
      torrent.downRate === 0 ? stateWord(torrent) : formatRate(torrent.downRate),
    ]);
  return [
    `It runs in the background (pid ${pid}): ${count(torrents.length, "transfer")}, ${speeds}.`,
    ...renderTable(columnsOf("", "", ">", ""), rows),
  ];
}

import type { HistoryList, KnownFile, TorrentList } from "@shoal/schema";

import { type DaemonClient, daemonClient } from "../../daemon-client.ts";
import { CliError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { formatSize } from "../../ui/sizes.ts";
import { type Column, renderTable } from "../../ui/table.ts";
import type { Invocation } from "../command.ts";
import { isFileId } from "../guess.ts";
import { stateWord } from "../transfers/columns.ts";
import type { SearchOptions } from "./declarations.ts";

interface Found {
  readonly kind: "transfer" | "history" | "file";
  /** What other commands call it by. */
  readonly id: number | string;
  readonly name: string;
  /** Bytes; null while unknown. */
  readonly size: number | null;
  readonly state: string;
}

const COLUMNS: readonly Column[] = [
  { heading: "WHERE", align: "left" },
  { heading: "ID", align: "right" },
  { heading: "NAME", align: "left" },
  { heading: "SIZE", align: "right" },
  { heading: "STATE", align: "left" },
];
const SHOWN_ID = 8;

/** `shoal search TEXT…`. */
export async function runSearch({
  context,
  output,
  args,
  options,
}: Invocation<SearchOptions>): Promise<number> {
  const daemon = await daemonClient(context);
  const words = args.flatMap((arg) => arg.toLowerCase().split(/\s+/)).filter((word) => word !== "");
  const fits = (name: string): boolean => words.every((word) => name.toLowerCase().includes(word));
  const found: Found[] = [];
  if (options.in !== "history") found.push(...(await inList(daemon, fits)));
  if (options.in !== "list") found.push(...(await inHistory(daemon, fits)));
  if (options.in === null && args.length === 1 && isFileId(args[0]!))
    found.push(...(await files(daemon, args[0]!)));
  if (found.length === 0) {
    const where = options.in === null ? "" : options.in === "list" ? " on the list" : " in the history";
    throw new CliError("ERR_NOT_FOUND", `Nothing${where} is called "${clean(args.join(" "))}"`);
  }
  output.rows("found", found);
  const rows = found.map(({ kind, id, name, size, state }) => [
    kind,
    output.piped ? String(id) : String(id).slice(0, SHOWN_ID),
    clean(name),
    size === null ? "" : output.piped ? String(size) : formatSize(size),
    state,
  ]);
  for (const line of renderTable(COLUMNS, rows, output.piped)) output.data(line);
  return 0;
}

async function inList(daemon: DaemonClient, fits: (name: string) => boolean): Promise<Found[]> {
  const { torrents } = await daemon.get<TorrentList>("/torrents");
  return torrents
    .filter(({ name }) => fits(name))
    .map((torrent) => ({
      kind: "transfer",
      id: torrent.id,
      name: torrent.name,
      size: torrent.pieceCount === 0 ? null : torrent.wanted,
      state: stateWord(torrent),
    }));
}

/** What is on the list still is not told twice. */
async function inHistory(daemon: DaemonClient, fits: (name: string) => boolean): Promise<Found[]> {
  const { entries } = await daemon.get<HistoryList>("/history");
  return entries
    .filter(({ name, torrent }) => torrent === null && fits(name))
    .map(({ id, name, size, outcome }) => ({ kind: "history", id, name, size, state: outcome }));
}

async function files(daemon: DaemonClient, id: string): Promise<Found[]> {
  try {
    const known = await daemon.get<KnownFile>(`/files/${id.toLowerCase()}`);
    const name = known.places[0]?.path ?? "";
    return [
      {
        kind: "file",
        id: known.id,
        name,
        size: known.size,
        state: `shoal get ${known.id.slice(0, SHOWN_ID)}`,
      },
    ];
  } catch (error) {
    if (error instanceof CliError && (error.code === "ERR_NOT_FOUND" || error.code === "ERR_AMBIGUOUS"))
      return [];
    throw error;
  }
}

import type { Torrent } from "@shoal/schema";

import { clean } from "../../ui/clean.ts";
import { formatRough } from "../../ui/durations.ts";
import { formatPercent, formatRate, formatSize } from "../../ui/sizes.ts";
import type { Column } from "../../ui/table.ts";

/** A column of the list of transfers. */
interface ListColumn extends Column {
  /** For people. */
  readonly cell: (torrent: Torrent) => string;
  /** For programs: bytes, bytes a second, milliseconds. */
  readonly raw: (torrent: Torrent) => string;
}

const STATES: Readonly<Record<Torrent["state"], string>> = {
  metadata: "looking",
  checking: "checking",
  downloading: "downloading",
  seeding: "sharing",
  finished: "done",
  paused: "paused",
  queued: "queued",
  error: "failed",
};

/** What it does, in one word. */
export function stateWord({ state }: Pick<Torrent, "state">): string {
  return STATES[state];
}

/** Why it waits or has failed, in one clause; null when all is well. */
export function whyOf({ error, waiting }: Pick<Torrent, "error" | "waiting">): string | null {
  const why = error?.message ?? waiting?.message ?? null;
  return why === null ? null : clean(why);
}

const left = (heading: string, cell: ListColumn["cell"], raw = cell): ListColumn => ({
  heading,
  align: "left",
  cell,
  raw,
});
const right = (heading: string, cell: ListColumn["cell"], raw = cell): ListColumn => ({
  heading,
  align: "right",
  cell,
  raw,
});
const rate = (value: number): string => (value === 0 ? "" : formatRate(value));
const count = (value: number): string => (value === 0 ? "" : String(value));

/** By which --columns and --sort name them. */
export const COLUMN_NAMES = [
  "id",
  "name",
  "size",
  "done",
  "down",
  "up",
  "left",
  "state",
  "why",
  "ratio",
  "people",
  "seeds",
  "fetched",
  "given",
  "label",
  "folder",
  "added",
  "finished",
  "hash",
] as const;

export type ColumnName = (typeof COLUMN_NAMES)[number];

export const LIST_COLUMNS: Readonly<Record<ColumnName, ListColumn>> = {
  id: right("", ({ id }) => String(id)),
  name: left("NAME", ({ name }) => clean(name)),
  size: right(
    "SIZE",
    ({ wanted }) => (wanted === 0 ? "" : formatSize(wanted)),
    ({ wanted }) => String(wanted),
  ),
  done: right("DONE", ({ wanted, have }) => (wanted === 0 ? "" : formatPercent(have / wanted))),
  down: right(
    "DOWN",
    ({ downRate }) => rate(downRate),
    ({ downRate }) => String(downRate),
  ),
  up: right(
    "UP",
    ({ upRate }) => rate(upRate),
    ({ upRate }) => String(upRate),
  ),
  left: right(
    "LEFT",
    ({ etaMs }) => (etaMs === null ? "" : formatRough(etaMs)),
    ({ etaMs }) => (etaMs === null ? "" : String(etaMs)),
  ),
  state: left("STATE", stateWord, ({ state }) => state),
  why: left("WHY", (torrent) => whyOf(torrent) ?? ""),
  ratio: right("RATIO", ({ ratio }) => (ratio === null ? "" : ratio.toFixed(2))),
  people: right("PEOPLE", ({ peers }) => count(peers)),
  seeds: right("SEEDS", ({ seeds }) => count(seeds)),
  fetched: right(
    "FETCHED",
    ({ downloaded }) => formatSize(downloaded),
    ({ downloaded }) => String(downloaded),
  ),
  given: right(
    "GIVEN",
    ({ uploaded }) => formatSize(uploaded),
    ({ uploaded }) => String(uploaded),
  ),
  label: left("LABEL", ({ labels }) => labels.map(clean).join(",")),
  folder: left("FOLDER", ({ downloadDir }) => clean(downloadDir)),
  added: left("ADDED", ({ addedAt }) => addedAt),
  finished: left("FINISHED", ({ finishedAt }) => finishedAt ?? ""),
  hash: left("INFO-HASH", ({ v1, v2 }) => v1 ?? v2 ?? ""),
};

/** On a terminal; the reason for waiting has a line of its own there. */
export const USUAL_COLUMNS: readonly ColumnName[] = COLUMN_NAMES.slice(0, 8);

/** For programs. */
export const PLAIN_COLUMNS: readonly ColumnName[] = COLUMN_NAMES.slice(0, 9);

/** What decides the order when sorted by a column. */
export const SORT_KEYS: Readonly<Record<ColumnName, (torrent: Torrent) => number | string>> = {
  id: ({ id }) => id,
  name: ({ name }) => name.toLowerCase(),
  size: ({ wanted }) => wanted,
  done: ({ wanted, have }) => (wanted === 0 ? 0 : have / wanted),
  down: ({ downRate }) => downRate,
  up: ({ upRate }) => upRate,
  left: ({ etaMs }) => etaMs ?? Infinity,
  state: ({ state }) => state,
  why: (torrent) => whyOf(torrent) ?? "",
  ratio: ({ ratio }) => ratio ?? -1,
  people: ({ peers }) => peers,
  seeds: ({ seeds }) => seeds,
  fetched: ({ downloaded }) => downloaded,
  given: ({ uploaded }) => uploaded,
  label: ({ labels }) => labels.join(),
  folder: ({ downloadDir }) => downloadDir,
  added: ({ addedAt }) => addedAt,
  finished: ({ finishedAt }) => finishedAt ?? "",
  hash: ({ v1, v2 }) => v1 ?? v2 ?? "",
};

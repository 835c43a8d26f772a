import type { Torrent } from "@shoal/schema";

import { usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import type { Style } from "../../ui/style.ts";
import { renderTable, truncate, truncateMiddle } from "../../ui/table.ts";
import { type ColumnName, LIST_COLUMNS, SORT_KEYS, whyOf } from "./columns.ts";
import stringWidth from "string-width";

/** Which transfers, and in which order. */
export interface ListWish {
  /** A state, or one of active, done, failed; null for all. */
  readonly state: string | null;
  readonly label: string | null;
  /** A column, with "-" before it from the largest down; null for the order in which they were added. */
  readonly sort: SortWish | null;
}

export interface SortWish {
  readonly column: ColumnName;
  readonly descending: boolean;
}

const MIN_NAME = 12;
const MAX_NAME = 60;
const GAP = 2;

const STATE_SETS: Readonly<Record<string, (torrent: Torrent) => boolean>> = {
  active: ({ downRate, upRate }) => downRate > 0 || upRate > 0,
  done: ({ state }) => state === "seeding" || state === "finished",
  failed: ({ state }) => state === "error",
  waiting: (torrent) => whyOf(torrent) !== null,
  sharing: ({ state }) => state === "seeding",
  looking: ({ state }) => state === "metadata",
};
const STATES: readonly Torrent["state"][] = [
  "metadata",
  "checking",
  "downloading",
  "seeding",
  "finished",
  "paused",
  "queued",
  "error",
];

/** Words for --state. */
export const STATE_WORDS: readonly string[] = [...STATES, ...Object.keys(STATE_SETS)];

export function chosen(torrents: readonly Torrent[], { state, label, sort }: ListWish): Torrent[] {
  const fits = state === null ? () => true : (STATE_SETS[state] ?? ((one: Torrent) => one.state === state));
  const found = torrents.filter((one) => fits(one) && (label === null || one.labels.includes(label)));
  if (sort === null) return found;
  const keyOf = SORT_KEYS[sort.column];
  const sign = sort.descending ? -1 : 1;
  return found.toSorted((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return (x < y ? -1 : x > y ? 1 : 0) * sign || a.id - b.id;
  });
}

/** A line for each transfer under headings, and below those that wait the reason, in at most `width` columns. */
export function listLines(
  torrents: readonly Torrent[],
  columns: readonly ColumnName[],
  width: number,
  style: Style,
): string[] {
  const rows = torrents.map((torrent) => columns.map((name) => LIST_COLUMNS[name].cell(torrent)));
  const nameAt = columns.indexOf("name");
  if (nameAt >= 0) shortenNames(rows, columns, nameAt, width);
  const [heading = "", ...lines] = renderTable(
    columns.map((name) => LIST_COLUMNS[name]),
    rows,
  );
  const shown = [style.dim(truncate(heading, width))];
  for (const [at, line] of lines.entries()) {
    shown.push(truncate(line, width));
    const why = columns.includes("why") ? null : whyOf(torrents[at]!);
    if (why !== null) shown.push(style.dim(truncate(`      ${why}`, width)));
  }
  return shown;
}

function shortenNames(rows: string[][], columns: readonly ColumnName[], nameAt: number, width: number): void {
  let others = 0;
  for (const [at, name] of columns.entries()) {
    if (at === nameAt) continue;
    const cells = [LIST_COLUMNS[name].heading, ...rows.map((row) => row[at]!)];
    others += GAP + Math.max(...cells.map((cell) => stringWidth(cell)));
  }
  const room = Math.min(MAX_NAME, Math.max(MIN_NAME, width - others));
  for (const row of rows) row[nameAt] = truncateMiddle(row[nameAt]!, room);
}

/** For programs: tabs between, whole numbers. */
export function plainLines(torrents: readonly Torrent[], columns: readonly ColumnName[]): string[] {
  const rows = torrents.map((torrent) =>
    columns.map((name) => LIST_COLUMNS[name].raw(torrent).replaceAll("\t", " ")),
  );
  const headings = columns.map((name) => ({ ...LIST_COLUMNS[name], heading: name.toUpperCase() }));
  return renderTable(headings, rows, true);
}

/** "name,size": throws ERR_USAGE for a word that is no column. */
export function parseColumns(text: string): readonly ColumnName[] {
  const names = text.split(",").filter((name) => name !== "");
  if (names.length === 0) throw usageError("--columns names no column");
  return names.map(columnOf);
}

/** "size" or "-size". */
export function parseSort(text: string): SortWish {
  const descending = text.startsWith("-");
  return { column: columnOf(descending ? text.slice(1) : text), descending };
}

function columnOf(name: string): ColumnName {
  if (Object.hasOwn(LIST_COLUMNS, name)) return name as ColumnName;
  throw new Error(`"${clean(name)}" is no column; there are ${Object.keys(LIST_COLUMNS).join(", ")}`);
}

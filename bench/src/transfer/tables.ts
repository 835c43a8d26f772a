import { compare, countedRuns, isQuiet } from "../quiet.ts";
import { median } from "../statistics.ts";
import { note } from "../report.ts";
import { formatNumber, formatTable, mebibytes } from "../table.ts";
import type { Row } from "./race.ts";

const OURS = "shoal";
const RIGHT = (title: string): { title: string; right: true } => ({ title, right: true });

/** Prints the runs of several contenders: medians, and ours against each other one. */
export function noteTransfers(rows: readonly Row[], contenders: readonly { readonly name: string }[]): void {
  const names = contenders.map(({ name }) => name);
  const others = names.filter((name) => name !== OURS);
  note(transferTable(rows, names));
  if (names.includes(OURS) && others.length > 0) note(`\n${ratioTable(rows, OURS, others)}`);
}

/** Medians for each contender. */
function transferTable(rows: readonly Row[], contenders: readonly string[]): string {
  const columns = [
    { title: "pair" },
    RIGHT("n (quiet)"),
    RIGHT("wall s"),
    RIGHT("first byte s"),
    RIGHT("MiB/s"),
    RIGHT("range"),
    RIGHT("CPU s seed + leech"),
    RIGHT("peak RSS MiB"),
    RIGHT("peak anonymous MiB"),
    RIGHT("other cores"),
  ];
  return formatTable(
    columns,
    contenders.map((name) => {
      const own = countedRuns(rows, name);
      const all = rows.filter((row) => row.contender === name);
      const quiet = all.filter(isQuiet);
      const mid = (value: (row: Row) => number): number => median(own.map(value));
      const both = (
        value: (row: Row, side: "seeder" | "leecher") => number,
        show: (n: number) => string,
      ): string =>
        `${show(mid((row) => value(row, "seeder")))} / ${show(mid((row) => value(row, "leecher")))}`;
      const speeds = own.map((row) => row.speed);
      return [
        name,
        `${all.length} (${quiet.length})`,
        formatNumber(mid((row) => row.wallMs) / 1000),
        formatNumber(mid((row) => row.firstByteMs) / 1000),
        formatNumber(median(speeds)),
        `${Math.min(...speeds).toFixed(0)}–${Math.max(...speeds).toFixed(0)}`,
        `${both((row, side) => row[side].cpuSeconds, formatNumber)}`.replace("/", "+"),
        both((row, side) => row[side].peakRssBytes, mebibytes),
        both((row, side) => row[side].peakAnonymousBytes, mebibytes),
        formatNumber(mid((row) => row.otherCores)),
      ];
    }),
  );
}

/** CPU seconds of all processes together. */
export function cpuOf(row: Row): number {
  return row.seeder.cpuSeconds + row.leecher.cpuSeconds;
}

/** Our pair against each other one: the median of the ratios within each round, as both ran under like conditions. */
function ratioTable(rows: readonly Row[], ours: string, others: readonly string[]): string {
  const columns = [
    { title: "ratio" },
    RIGHT("MiB/s"),
    RIGHT("wall"),
    RIGHT("CPU, both ends"),
    RIGHT("rounds"),
  ];
  return formatTable(
    columns,
    others.map((other) => {
      const compared = compare(rows, ours, other);
      const ratio = (value: (row: Row) => number): string => formatNumber(compared.ratio(value));
      return [
        `${ours} / ${other}`,
        ratio((row) => row.speed),
        ratio((row) => row.wallMs),
        ratio(cpuOf),
        String(compared.rounds),
      ];
    }),
  );
}

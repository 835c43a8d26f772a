import { median } from "../statistics.ts";
import { formatNumber, formatTable, mebibytes } from "../table.ts";
import type { Row } from "./race.ts";

/** Runs in which other programs took no more than this many cores count as quiet. */
const QUIET_CORES = 0.3;
const ENOUGH_QUIET = 3;

/** The rows that count: quiet ones, when there are enough of them. */
function countedRows(rows: readonly Row[]): readonly Row[] {
  const quiet = rows.filter((row) => row.otherCores <= QUIET_CORES);
  return quiet.length >= Math.min(ENOUGH_QUIET, rows.length) ? quiet : rows;
}

function of(rows: readonly Row[], contender: string): readonly Row[] {
  return countedRows(rows.filter((row) => row.contender === contender));
}

const RIGHT = (title: string): { title: string; right: true } => ({ title, right: true });

/** Medians for each contender. */
export function transferTable(rows: readonly Row[], contenders: readonly string[]): string {
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
      const own = of(rows, name);
      const all = rows.filter((row) => row.contender === name);
      const quiet = all.filter((row) => row.otherCores <= QUIET_CORES);
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

/** Our pair against each other one: the median of the ratios within each round, as both ran under like conditions. */
export function ratioTable(rows: readonly Row[], ours: string, others: readonly string[]): string {
  const columns = [
    { title: "ratio" },
    RIGHT("MiB/s"),
    RIGHT("wall"),
    RIGHT("CPU, both ends"),
    RIGHT("rounds"),
  ];
  const cpu = (row: Row): number => row.seeder.cpuSeconds + row.leecher.cpuSeconds;
  return formatTable(
    columns,
    others.map((other) => {
      const pairs = roundPairs(rows, ours, other);
      const ratio = (value: (row: Row) => number): string =>
        formatNumber(median(pairs.map(([mine, theirs]) => value(mine) / value(theirs))));
      return [
        `${ours} / ${other}`,
        ratio((row) => row.speed),
        ratio((row) => row.wallMs),
        ratio(cpu),
        String(pairs.length),
      ];
    }),
  );
}

function roundPairs(rows: readonly Row[], ours: string, other: string): [Row, Row][] {
  return of(rows, ours).flatMap((mine): [Row, Row][] => {
    const theirs = of(rows, other).find(({ round }) => round === mine.round);
    return theirs === undefined ? [] : [[mine, theirs]];
  });
}

import { median } from "./statistics.ts";

/** What every measured run knows of itself. */
export interface MeasuredRun {
  readonly contender: string;
  readonly round: number;
  /** Cores that other programs kept busy meanwhile. */
  readonly otherCores: number;
}

/** Runs in which other programs took no more than this many cores count as quiet. */
const QUIET_CORES = 0.3;
const ENOUGH_QUIET = 3;

export function isQuiet(row: MeasuredRun): boolean {
  return row.otherCores <= QUIET_CORES;
}

/** The runs of a contender that count: quiet ones, when there are enough of them. */
export function countedRuns<R extends MeasuredRun>(rows: readonly R[], contender: string): readonly R[] {
  const own = rows.filter((row) => row.contender === contender);
  const quiet = own.filter(isQuiet);
  return quiet.length >= Math.min(ENOUGH_QUIET, own.length) ? quiet : own;
}

/** Ours against theirs, round by round, as both ran under like conditions: how many pairs there are, and medians over them. */
export interface Comparison<R> {
  readonly rounds: number;
  ratio(value: (row: R) => number): number;
}

export function compare<R extends MeasuredRun>(
  rows: readonly R[],
  ours: string,
  theirs: string,
): Comparison<R> {
  const others = countedRuns(rows, theirs);
  const pairs = countedRuns(rows, ours).flatMap((mine): [R, R][] => {
    const other = others.find(({ round }) => round === mine.round);
    return other === undefined ? [] : [[mine, other]];
  });
  return {
    rounds: pairs.length,
    ratio: (value) => median(pairs.map(([mine, other]) => value(mine) / value(other))),
  };
}

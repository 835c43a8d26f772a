import { runCreate } from "./create.ts";
import type { CreateRow } from "./create.ts";
import { UsageError } from "./options.ts";
import type { Options } from "./options.ts";
import { compare, countedRuns } from "./quiet.ts";
import type { MeasuredRun } from "./quiet.ts";
import { note } from "./report.ts";
import { median } from "./statistics.ts";
import { formatNumber, formatTable } from "./table.ts";
import type { Row } from "./transfer/race.ts";
import { runSmallFiles } from "./transfer/small-files.ts";
import { runSwarm } from "./transfer/swarm.ts";
import { cpuOf } from "./transfer/tables.ts";
import { runTransfer } from "./transfer/transfer.ts";

/** What we hold ourselves to, as a multiple of libtorrent's figure. */
interface Bar {
  readonly title: string;
  readonly bar: number;
  readonly moreIsBetter: boolean;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly rounds: number;
}

type Aim = Pick<Bar, "title" | "bar" | "moreIsBetter">;

const SPEED = (row: Row): number => row.speed;
const RATE = (row: CreateRow): number => 1 / row.wallSeconds;

/** Measures everything that has a bar, ours and libtorrent's in turns, and prints one table at the end. */
export async function runBars(options: Options): Promise<Bar[]> {
  if (options.size !== null || options.only.length > 0)
    throw new UsageError("the bars are for given sizes and clients");
  const pair = { ...options, only: ["shoal", "libtorrent"] };
  const v1 = await runTransfer({ ...pair, kind: "v1" });
  const v2 = await runTransfer({ ...pair, kind: "v2" });
  const hybrid = await runTransfer({ ...pair, kind: "hybrid" });
  const swarm = await runSwarm({ ...pair, kind: "v1" });
  const small = await runSmallFiles({ ...pair, kind: "v1" });
  const created = await runCreate(options);
  const least = (title: string, bar: number): Aim => ({ title, bar, moreIsBetter: true });
  const most = (title: string, bar: number): Aim => ({ title, bar, moreIsBetter: false });
  const bars = [
    judge(least("1 to 1, v1, 1 GiB: MiB/s", 1.2), v1, SPEED),
    judge(most("the same: CPU s, both ends", 0.95), v1, cpuOf),
    judge(least("1 to 1, v2: MiB/s", 1.1), v2, SPEED),
    judge(least("1 to 1, hybrid: MiB/s", 1.1), hybrid, SPEED),
    judge(least("1 to 4, 256 MiB: MiB/s, summed", 1.1), swarm, SPEED),
    judge(most("10,000 files of 16 KiB: s", 1), small, (row) => row.wallMs / 1000),
    judge(least("torrent of 1 GiB, v1: a second", 1.3), created, RATE, " v1"),
    judge(least("torrent of 1 GiB, hybrid: a second", 1.3), created, RATE, " hybrid"),
  ];
  note(`\n${barTable(bars)}`);
  return bars;
}

function judge<R extends MeasuredRun>(
  aim: Aim,
  rows: readonly R[],
  value: (row: R) => number,
  suffix: string = "",
): Bar {
  const [ours, theirs] = [`shoal${suffix}`, `libtorrent${suffix}`];
  const compared = compare(rows, ours, theirs);
  return {
    ...aim,
    ours: median(countedRuns(rows, ours).map(value)),
    theirs: median(countedRuns(rows, theirs).map(value)),
    ratio: compared.ratio(value),
    rounds: compared.rounds,
  };
}

function barTable(bars: readonly Bar[]): string {
  const right = (title: string): { title: string; right: true } => ({ title, right: true });
  return formatTable(
    [
      { title: "case" },
      right("ours"),
      right("libtorrent"),
      right("ratio"),
      right("bar"),
      right("rounds"),
      { title: "met" },
    ],
    bars.map(({ title, ours, theirs, ratio, bar, moreIsBetter, rounds }) => [
      title,
      formatNumber(ours),
      formatNumber(theirs),
      formatNumber(ratio),
      `${moreIsBetter ? ">=" : "<="} ${formatNumber(bar)}`,
      String(rounds),
      (moreIsBetter ? ratio >= bar : ratio <= bar) ? "yes" : "no",
    ]),
  );
}

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ShoalAnswer, ShoalDaemon } from "@shoal/testkit";
import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { formatNumber, formatTable } from "../table.ts";
import { inParallel, startMeasured } from "./measured-daemon.ts";

const TRANSFERS = 10_000;
/** Transfers that change between two deltas. */
const ACTIVE = 200;
const ROUNDS = 40;

interface ApiRow {
  readonly what: string;
  readonly bytes: number;
  /** Milliseconds from asking to the last byte, over a Unix socket, as a client sees it. */
  readonly p50: number;
  readonly p95: number;
  /** Milliseconds of it in which the daemon's main thread really ran. */
  readonly cpu50: number;
  readonly cpu95: number;
}

/** How long the API of a daemon with ten thousand transfers takes to answer. */
export async function runApi(options: Options): Promise<readonly ApiRow[]> {
  const rows = await withStage("api", async (stage) => {
    const daemon = await startMeasured(stage);
    await addAll(daemon);
    const fresh = (what: string, path: string): Promise<ApiRow> =>
      measure(daemon, what, () => daemon.ask("GET", path), changeOne(daemon));
    return [
      await fresh("list, all fields", "/torrents"),
      await fresh("list, 6 fields", "/torrents?fields=id,name,state,have,wanted,downRate"),
      await fresh("list, by name, 100 of them", "/torrents?sort=name&limit=100"),
      await measure(daemon, "list, all fields, nothing has changed", () => daemon.ask("GET", "/torrents")),
      await measure(
        daemon,
        "stream, snapshot",
        () => daemon.firstEvent("?topics=torrents", "snapshot"),
        changeOne(daemon),
      ),
      await measureDeltas(daemon),
    ];
  });
  await saveResults(options, { bench: "api" }, rows);
  const right = true;
  const columns = [
    { title: "what" },
    { title: "KiB", right },
    { title: "p50 ms", right },
    { title: "p95 ms", right },
    { title: "CPU p50 ms", right },
    { title: "CPU p95 ms", right },
  ];
  const cells = rows.map(({ what, bytes, p50, p95, cpu50, cpu95 }) => [
    what,
    ...[bytes / 1024, p50, p95, cpu50, cpu95].map((number) => formatNumber(number)),
  ]);
  note(`\n${formatTable(columns, cells)}\n`);
  return rows;
}

/** Says what each cost, the first ones and the last ones. */
async function addAll(daemon: ShoalDaemon): Promise<void> {
  const part = TRANSFERS / 4;
  for (let from = 0; from < TRANSFERS; from += part) {
    const before = mainThreadMs(daemon);
    await inParallel(part, (i) =>
      daemon.ask("POST", "/torrents", { magnet: magnetOf(from + i), paused: true }),
    );
    const each = (mainThreadMs(daemon) - before) / part;
    note(`added ${from + 1} to ${from + part}: ${formatNumber(each)} ms of the main thread each`);
  }
}

/** Info-hashes are spread as real ones are: resume data lies in folders by their first digits. */
function magnetOf(number: number): string {
  const hash = createHash("sha1").update(`${number}`).digest("hex");
  return `magnet:?xt=urn:btih:${hash}&dn=transfer-number-${number}`;
}

/** Before each request something changes: else the answer would be the one of before. */
function changeOne(daemon: ShoalDaemon): () => Promise<unknown> {
  let round = 0;
  return () => daemon.ask("PATCH", "/torrents/1", { firstLast: round++ % 2 === 0 });
}

async function measureDeltas(daemon: ShoalDaemon): Promise<ApiRow> {
  let round = 0;
  let { revision } = JSON.parse((await daemon.ask("GET", "/torrents?limit=1")).text) as { revision: number };
  const change = async (): Promise<void> => {
    const sequential = round++ % 2 === 0;
    await inParallel(ACTIVE, (i) => daemon.ask("PATCH", `/torrents/${i * 37 + 1}`, { sequential }));
  };
  const once = async (): Promise<ShoalAnswer> => {
    const answer = await daemon.firstEvent(`?topics=torrents&since=${revision}`, "delta");
    const [now, changed] = JSON.parse(answer.text) as [number, unknown[]];
    if (changed.length !== ACTIVE) throw new Error(`${changed.length} rows changed`);
    revision = now;
    return answer;
  };
  return measure(daemon, `stream, delta after ${ACTIVE} changes`, once, change);
}

/** `before` is not measured. */
async function measure(
  daemon: ShoalDaemon,
  what: string,
  once: () => Promise<ShoalAnswer>,
  before: () => Promise<unknown> = async () => {},
): Promise<ApiRow> {
  // What is computed by the first is kept for the others.
  await before();
  await once();
  const times: number[] = [];
  const cpu: number[] = [];
  let bytes = 0;
  for (let i = 0; i < ROUNDS; i++) {
    await before();
    const cpuBefore = mainThreadMs(daemon);
    const { text, ms } = await once();
    cpu.push(mainThreadMs(daemon) - cpuBefore);
    times.push(ms);
    bytes = Buffer.byteLength(text);
  }
  const [p50, p95] = percentiles(times);
  const [cpu50, cpu95] = percentiles(cpu);
  return { what, bytes, p50, p95, cpu50, cpu95 };
}

function percentiles(values: readonly number[]): [p50: number, p95: number] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[Math.floor(sorted.length * 0.5)]!, sorted[Math.floor(sorted.length * 0.95)]!];
}

/** How long the daemon's main thread has really run. */
function mainThreadMs({ child: { pid } }: ShoalDaemon): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

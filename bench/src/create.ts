import { runToEnd, shoalProgram, whyLacking } from "@shoal/testkit";
import type { TorrentKind } from "@shoal/testkit";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PYTHON } from "./clients/libtorrent.ts";
import type { Options } from "./options.ts";
import { driverPath } from "./paths.ts";
import { writeBigFile } from "./payload.ts";
import { TICKS_PER_SECOND, busyTicks } from "./process-meter.ts";
import { compare, countedRuns, isQuiet } from "./quiet.ts";
import type { MeasuredRun } from "./quiet.ts";
import { note, saveResults } from "./report.ts";
import { withStage } from "./scene.ts";
import { median } from "./statistics.ts";
import { formatNumber, formatTable } from "./table.ts";

/** A program that makes a torrent, as a command that ends by itself. */
interface Maker {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** One torrent made; the contender is a program with a kind of torrent, such as "shoal v1". */
export interface CreateRow extends MeasuredRun {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

const KINDS: readonly TorrentKind[] = ["v1", "v2", "hybrid"];
const SIZE = 1 << 30;
const PIECE = 1 << 20;

/** Making a torrent of one big file that lies in the page cache: whole commands, start-up included. */
export async function runCreate(options: Options): Promise<CreateRow[]> {
  const size = options.size ?? SIZE;
  const pieceLength = options.pieceLength ?? PIECE;
  const rows = await withStage("create", async (stage) => {
    const dir = stage.folder("payload");
    const payload = join(dir, "payload.bin");
    await writeBigFile(payload, size, 7);
    const output = join(dir, "made.torrent");
    const env = { SHOAL_STATE_DIR: stage.folder("state"), HOME: dir };
    const all = makers(payload, output, pieceLength);
    const found: CreateRow[] = [];
    for (let round = 0; round < options.runs; round++) {
      for (const maker of round % 2 === 0 ? all : all.toReversed()) {
        const used = await measure(() => runToEnd({ ...maker, env }, 120_000));
        found.push({ contender: maker.name, round, ...used });
        await rm(output);
      }
    }
    return found;
  });
  await saveResults(options, { bench: "create", size, pieceLength }, rows);
  note(`\nA torrent of ${size / 2 ** 20} MiB, pieces of ${pieceLength / 2 ** 10} KiB, medians:\n`);
  note(createTable(rows));
  if (whyLacking(["libtorrent"]) === null) note(`\n${ratioTable(rows)}`);
  return rows;
}

async function measure(
  run: () => Promise<unknown>,
): Promise<Pick<CreateRow, "wallSeconds" | "cpuSeconds" | "otherCores">> {
  const busyBefore = busyTicks();
  const ticksBefore = childTicks();
  const selfBefore = process.cpuUsage();
  const startedAt = performance.now();
  await run();
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const cpuSeconds = (childTicks() - ticksBefore) / TICKS_PER_SECOND;
  const self = process.cpuUsage(selfBefore);
  const others = (busyTicks() - busyBefore) / TICKS_PER_SECOND - cpuSeconds - (self.user + self.system) / 1e6;
  return { wallSeconds, cpuSeconds, otherCores: Math.max(0, others / wallSeconds) };
}

function makers(payload: string, output: string, pieceLength: number): Maker[] {
  const piece = String(pieceLength);
  const found: Maker[] = KINDS.map((kind) => ({
    name: `shoal ${kind}`,
    command: process.execPath,
    args: [shoalProgram(), "torrent", "create", payload, "-o", output, `--${kind}`, "--piece-size", piece],
  }));
  if (whyLacking(["libtorrent"]) === null) {
    for (const kind of KINDS) {
      const args = [driverPath("libtorrent_create.py"), payload, output, kind, piece];
      found.push({ name: `libtorrent ${kind}`, command: PYTHON, args });
    }
  }
  if (whyLacking(["mktorrent"]) === null) {
    const tracker = "http://127.0.0.1/announce";
    const args = ["-l", String(Math.log2(pieceLength)), "-a", tracker, "-o", output, payload];
    found.push({ name: "mktorrent v1", command: "mktorrent", args });
  }
  return found;
}

/** CPU time of all children of this process that have ended. */
function childTicks(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const words = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(words[13]) + Number(words[14]);
}

const RIGHT = (title: string): { title: string; right: true } => ({ title, right: true });

function createTable(rows: readonly CreateRow[]): string {
  const names = [...new Set(rows.map(({ contender }) => contender))];
  return formatTable(
    [{ title: "program" }, RIGHT("n (quiet)"), RIGHT("wall s"), RIGHT("range"), RIGHT("CPU s")],
    names.map((name) => {
      const all = rows.filter(({ contender }) => contender === name);
      const own = countedRuns(rows, name);
      const walls = own.map(({ wallSeconds }) => wallSeconds);
      return [
        name,
        `${all.length} (${all.filter(isQuiet).length})`,
        formatNumber(median(walls)),
        `${formatNumber(Math.min(...walls))}–${formatNumber(Math.max(...walls))}`,
        formatNumber(median(own.map(({ cpuSeconds }) => cpuSeconds))),
      ];
    }),
  );
}

function ratioTable(rows: readonly CreateRow[]): string {
  return formatTable(
    [{ title: "ratio" }, RIGHT("wall"), RIGHT("CPU"), RIGHT("rounds")],
    KINDS.map((kind) => {
      const compared = compare(rows, `shoal ${kind}`, `libtorrent ${kind}`);
      return [
        `shoal / libtorrent, ${kind}`,
        formatNumber(compared.ratio((row) => row.wallSeconds)),
        formatNumber(compared.ratio((row) => row.cpuSeconds)),
        String(compared.rounds),
      ];
    }),
  );
}

import { runToEnd, shoalProgram, whyLacking } from "@shoal/testkit";
import type { TorrentKind } from "@shoal/testkit";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PYTHON } from "./clients/libtorrent-driver.ts";
import type { Options } from "./options.ts";
import { driverPath } from "./paths.ts";
import { writeBigFile } from "./payload.ts";
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

interface CreateRow {
  readonly maker: string;
  readonly round: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

const KINDS: readonly TorrentKind[] = ["v1", "v2", "hybrid"];
const TICKS_PER_SECOND = 100;

/** Making a torrent of one big file that lies in the page cache: whole commands, start-up included. */
export async function runCreate(options: Options): Promise<void> {
  const rows = await withStage("create", async (stage) => {
    const dir = stage.folder("payload");
    const payload = join(dir, "payload.bin");
    await writeBigFile(payload, options.size, 7);
    const output = join(dir, "made.torrent");
    const env = { SHOAL_STATE_DIR: stage.folder("state"), HOME: dir };
    const found: CreateRow[] = [];
    for (let round = 0; round < options.runs; round++) {
      for (const maker of makers(payload, output, options.pieceLength)) {
        const before = childTicks();
        const startedAt = performance.now();
        await runToEnd({ ...maker, env }, 120_000);
        const wallSeconds = (performance.now() - startedAt) / 1000;
        const cpuSeconds = (childTicks() - before) / TICKS_PER_SECOND;
        found.push({ maker: maker.name, round, wallSeconds, cpuSeconds });
        await rm(output);
      }
    }
    return found;
  });
  await saveResults(options, "create", rows);
  note(
    `\nA torrent of ${options.size / 2 ** 20} MiB, pieces of ${options.pieceLength / 2 ** 10} KiB, medians:\n`,
  );
  note(createTable(rows));
}

function makers(payload: string, output: string, pieceLength: number): Maker[] {
  const found: Maker[] = KINDS.map((kind) => ({
    name: `shoal ${kind}`,
    command: process.execPath,
    args: [
      shoalProgram(),
      "torrent",
      "create",
      payload,
      "-o",
      output,
      `--${kind}`,
      "--piece-size",
      String(pieceLength),
    ],
  }));
  if (whyLacking(["libtorrent"]) === null) {
    for (const kind of KINDS) {
      const args = [driverPath("libtorrent_create.py"), payload, output, kind, String(pieceLength)];
      found.push({ name: `libtorrent ${kind}`, command: PYTHON, args });
    }
  }
  if (whyLacking(["mktorrent"]) === null) {
    const args = [
      "-l",
      String(Math.log2(pieceLength)),
      "-a",
      "http://127.0.0.1/announce",
      "-o",
      output,
      payload,
    ];
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

function createTable(rows: readonly CreateRow[]): string {
  const names = [...new Set(rows.map(({ maker }) => maker))];
  const columns = [
    { title: "program" },
    { title: "wall s", right: true },
    { title: "range", right: true },
    { title: "CPU s", right: true },
  ];
  return formatTable(
    columns,
    names.map((name) => {
      const own = rows.filter(({ maker }) => maker === name);
      const walls = own.map(({ wallSeconds }) => wallSeconds);
      return [
        name,
        formatNumber(median(walls)),
        `${formatNumber(Math.min(...walls))}–${formatNumber(Math.max(...walls))}`,
        formatNumber(median(own.map(({ cpuSeconds }) => cpuSeconds))),
      ];
    }),
  );
}

import { runToEnd, seededBytes } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { openEmptyTracker } from "../empty-tracker.ts";
import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { formatNumber, formatTable } from "../table.ts";
import type { RestMeasured } from "./measured-session.ts";

const TORRENTS = 10_000;
const MAGNETS = 1_000;
const IDLE_SECONDS = 5;
/** All of so many torrents have been announced after the seconds below: one in 25 ms. */
const ANNOUNCED = 2_000;
const ANNOUNCED_SECONDS = 55;
/** Besides those that are counted. */
const FIRST = 500;

interface RestRow extends RestMeasured {
  readonly name: string;
  readonly torrents: number;
}

/** What torrents cost that have nothing to do. */
export async function runDormant(options: Options): Promise<readonly RestRow[]> {
  const found = await withStage("dormant", async (stage) => {
    const rows: RestRow[] = [];
    const measure = async (name: string, torrents: number, words: readonly string[]): Promise<void> => {
      rows.push({ name, torrents, ...(await measureSession(words)) });
    };
    const measureRows = async (
      name: string,
      torrents: number,
      settleSeconds: number,
      trackers: (i: number) => readonly (readonly string[])[],
    ): Promise<void> => {
      const file = await writeRows(stage, name, FIRST + torrents, trackers);
      await measure(name, torrents, ["rows", file, ...[FIRST, IDLE_SECONDS, settleSeconds].map(String)]);
    };
    await measureRows("complete", TORRENTS, 0, () => []);
    // Nobody answers there; what counts is what waits for its turn.
    const silent = (i: number): readonly string[][] => [[`http://127.0.0.1:9/announce?key=${i}`]];
    await measureRows("complete, one tracker each", TORRENTS, 0, silent);
    const tracker = await openEmptyTracker();
    const told = (i: number): readonly string[][] => [[`${tracker.url}?key=${i}`]];
    await measureRows("the same, announced", ANNOUNCED, ANNOUNCED_SECONDS, told).finally(() =>
      tracker.close(),
    );
    await measure("magnets that know nobody", MAGNETS, ["magnets", String(MAGNETS), String(IDLE_SECONDS)]);
    return rows;
  });
  await saveResults(options, { bench: "dormant" }, found);
  note(`\n${table(found)}\n`);
  return found;
}

async function measureSession(words: readonly string[]): Promise<RestMeasured> {
  const program = fileURLToPath(new URL("measured-session.js", import.meta.url));
  const args = [program, ...words];
  const output = await runToEnd({ name: "session", command: process.execPath, args }, 300_000);
  return JSON.parse(output) as RestMeasured;
}

/** A file with the rows of so many complete torrents, one a line. */
async function writeRows(
  stage: Stage,
  name: string,
  count: number,
  trackers: (i: number) => readonly (readonly string[])[],
): Promise<string> {
  const path = join(stage.folder("rows"), `${name}.jsonl`);
  const file = createWriteStream(path);
  const hashes = seededBytes(1, count * 20);
  for (let i = 0; i < count; i++) {
    const bytes = 700_000_000 + i;
    const row = {
      v1: Buffer.from(hashes.subarray(i * 20, (i + 1) * 20)).toString("hex"),
      v2: null,
      name: `A recording of something with a long name, part ${i}`,
      private: false,
      trackers: trackers(i),
      pieceCount: 2_800,
      piecesHave: 2_800,
      wanted: bytes,
      have: bytes,
      downloaded: bytes,
      uploaded: 3 * bytes,
      complete: true,
    };
    file.write(`${JSON.stringify(row)}\n`);
  }
  file.end();
  await finished(file);
  return path;
}

function table(rows: readonly RestRow[]): string {
  const right = (title: string): { title: string; right: true } => ({ title, right: true });
  return formatTable(
    [
      { title: "torrents" },
      right("number"),
      right("start s"),
      right("CPU s of it"),
      right("heap bytes each"),
      right("timers"),
      right("idle CPU ms/s"),
    ],
    rows.map(({ name, torrents, startMs, addCpuMs, heapBytes, timers, idleCpuMs }) => [
      name,
      String(torrents),
      formatNumber(startMs / 1_000),
      formatNumber(addCpuMs / 1_000),
      formatNumber(heapBytes / torrents),
      String(timers),
      formatNumber(idleCpuMs),
    ]),
  );
}

import { join } from "node:path";
import { aria2 } from "../clients/aria2.ts";
import type { Contender, Job } from "../clients/contender.ts";
import { libtorrentDefault, libtorrentTuned } from "../clients/libtorrent.ts";
import { shoal } from "../clients/shoal.ts";
import { makeTorrent } from "../make-torrent.ts";
import { UsageError } from "../options.ts";
import type { Options } from "../options.ts";
import { writeBigFile } from "../payload.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { runOnce } from "./race.ts";
import type { Row } from "./race.ts";
import { ratioTable, transferTable } from "./tables.ts";

const CONTENDERS: readonly Contender[] = [shoal, libtorrentTuned, aria2, libtorrentDefault];
const BY_DEFAULT: readonly string[] = ["shoal", "libtorrent", "aria2"];
const PAYLOAD = "payload.bin";
const POLL_MS = 5;

/** Whole transfers, one seeder to one leecher, in alternating runs. */
export async function runTransfer(options: Options): Promise<void> {
  const contenders = chooseContenders(options.only.length > 0 ? options.only : BY_DEFAULT, options.kind);
  const rows = await withStage("payload", async (stage) => {
    const job = await makeJob(stage.folder("payload"), options, POLL_MS);
    return alternate(contenders, job, options.runs);
  });
  await saveResults(options, "transfer", rows);
  const names = contenders.map(({ name }) => name);
  const others = names.filter((name) => name !== shoal.name);
  note(`\n${options.kind}, ${options.size / 2 ** 20} MiB, pieces of ${options.pieceLength / 2 ** 10} KiB:\n`);
  note(transferTable(rows, names));
  if (names.includes(shoal.name) && others.length > 0) note(`\n${ratioTable(rows, shoal.name, others)}`);
}

/** The named clients that can run here; says which can't. */
export function chooseContenders(names: readonly string[], kind: Options["kind"]): Contender[] {
  const unknown = names.find((name) => !CONTENDERS.some((contender) => contender.name === name));
  if (unknown !== undefined) {
    const known = CONTENDERS.map(({ name }) => name).join(", ");
    throw new UsageError(`--only names ${unknown}; known are ${known}`);
  }
  return CONTENDERS.filter((contender) => {
    if (!names.includes(contender.name)) return false;
    const lack = contender.lacking(kind);
    if (lack !== null) note(`Without ${contender.name}: ${lack}`);
    return lack === null;
  });
}

export async function makeJob(dir: string, options: Options, pollMs: number): Promise<Job> {
  const payload = join(dir, PAYLOAD);
  await writeBigFile(payload, options.size, 7);
  const torrent = `${payload}.torrent`;
  const { kind, pieceLength } = options;
  const facts = await makeTorrent(payload, torrent, kind, pieceLength);
  return {
    torrent,
    facts,
    kind,
    dataDir: dir,
    bytes: options.size,
    pollMs,
    profileDir: options.profile,
  };
}

/** Every contender once a round, each second round in the other order, so that no one always follows the same one. */
async function alternate(contenders: readonly Contender[], job: Job, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const row = await runOnce(contender, job, round, round === 0);
      rows.push(row);
      const cpu = `${row.seeder.cpuSeconds.toFixed(2)} + ${row.leecher.cpuSeconds.toFixed(2)}`;
      const speed = `${row.speed.toFixed(0)} MiB/s in ${(row.wallMs / 1000).toFixed(2)} s`;
      const others = `${row.otherCores.toFixed(2)} cores busy elsewhere`;
      note(`  round ${round + 1}, ${contender.name}: ${speed}, CPU ${cpu} s, ${others}`);
    }
  }
  return rows;
}

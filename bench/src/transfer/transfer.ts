import { aria2 } from "../clients/aria2.ts";
import type { Contender } from "../clients/contender.ts";
import { libtorrentDefault, libtorrentTuned } from "../clients/libtorrent.ts";
import { shoal } from "../clients/shoal.ts";
import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { alternate } from "./alternate.ts";
import { chooseFrom } from "./choose.ts";
import { makeFileJob } from "./job.ts";
import { runOnce } from "./race.ts";
import type { Row } from "./race.ts";
import { noteTransfers } from "./tables.ts";

const CONTENDERS: readonly Contender[] = [shoal, libtorrentTuned, aria2, libtorrentDefault];
const BY_DEFAULT: readonly string[] = ["shoal", "libtorrent", "aria2"];
const SIZE = 1 << 30;
const PIECE = 1 << 20;
const POLL_MS = 5;

/** Whole transfers, one seeder to one leecher, in alternating runs. */
export async function runTransfer(options: Options): Promise<Row[]> {
  const { kind, runs } = options;
  const size = options.size ?? SIZE;
  const pieceLength = options.pieceLength ?? PIECE;
  const contenders = chooseContenders(options.only.length > 0 ? options.only : BY_DEFAULT, kind);
  const rows = await withStage("payload", async (stage) => {
    const job = await makeFileJob(stage.folder("payload"), size, {
      kind,
      pieceLength,
      pollMs: POLL_MS,
      profileDir: options.profile,
    });
    return alternate(contenders, runs, (contender, round) => runOnce(contender, job, round));
  });
  await saveResults(options, { bench: "transfer", size, pieceLength }, rows);
  note(`\n${kind}, ${size / 2 ** 20} MiB, pieces of ${pieceLength / 2 ** 10} KiB:\n`);
  noteTransfers(rows, contenders);
  return rows;
}

/** The named clients that can run here. */
export function chooseContenders(names: readonly string[], kind: Options["kind"]): Contender[] {
  return chooseFrom(CONTENDERS, names, kind);
}

import { aria2 } from "../clients/aria2.ts";
import type { Contender } from "../clients/contender.ts";
import { libtorrentDefault, libtorrentTuned } from "../clients/libtorrent.ts";
import { shoal, shoalObfuscated } from "../clients/shoal.ts";
import type { Options } from "../options.ts";
import { chooseFrom } from "./choose.ts";
import { makeFileJob } from "./job.ts";
import { runOnce } from "./race.ts";
import type { Row } from "./race.ts";
import { runRace } from "./run-race.ts";

const CONTENDERS: readonly Contender[] = [shoal, shoalObfuscated, libtorrentTuned, aria2, libtorrentDefault];
const BY_DEFAULT: readonly string[] = ["shoal", "libtorrent", "aria2"];
const SIZE = 1 << 30;
const PIECE = 1 << 20;

/** Whole transfers, one seeder to one leecher, in alternating runs. */
export async function runTransfer(options: Options): Promise<Row[]> {
  const { kind } = options;
  const size = options.size ?? SIZE;
  const pieceLength = options.pieceLength ?? PIECE;
  return runRace(options, {
    bench: "transfer",
    size,
    pieceLength,
    contenders: chooseContenders(options.only.length > 0 ? options.only : BY_DEFAULT, kind),
    title: `${kind}, ${size / 2 ** 20} MiB, pieces of ${pieceLength / 2 ** 10} KiB`,
    makeJob: (dir, spec) => makeFileJob(dir, size, spec),
    run: (contender, job, round) => runOnce(contender, job, round),
  });
}

/** The named clients that can run here. */
export function chooseContenders(names: readonly string[], kind: Options["kind"]): Contender[] {
  return chooseFrom(CONTENDERS, names, kind);
}

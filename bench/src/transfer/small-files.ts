import type { Options } from "../options.ts";
import { makeFolderJob } from "./job.ts";
import { runOnce } from "./race.ts";
import type { Row } from "./race.ts";
import { runRace } from "./run-race.ts";
import { chooseContenders } from "./transfer.ts";

const FILE_BYTES = 16_384;
const FILES = 10_000;
const FILES_PER_FOLDER = 100;
/** What libtorrent chooses for that much. */
const PIECE = 256 << 10;

/** Many small files in folders, one seeder to one leecher: what counts is the time until all is there. */
export async function runSmallFiles(options: Options): Promise<Row[]> {
  const { kind } = options;
  const count = options.size === null ? FILES : Math.ceil(options.size / FILE_BYTES);
  const pieceLength = options.pieceLength ?? PIECE;
  return runRace(options, {
    bench: "small-files",
    size: count * FILE_BYTES,
    pieceLength,
    contenders: chooseContenders(options.only.length > 0 ? options.only : ["shoal", "libtorrent"], kind),
    title: `${count} files of 16 KiB, ${kind}, pieces of ${pieceLength / 2 ** 10} KiB`,
    makeJob: (dir, spec) => makeFolderJob(dir, filesOf(count), spec),
    // Nothing is deleted before the end: ext4 does not give a deleted inode's number to a new file for a minute and more, and
    // walks over all of them for each file it creates, which would cost whoever comes next more than the transfer.
    run: (contender, job, round, stage) => runOnce(contender, job, round, stage.folder("download")),
  });
}

function filesOf(count: number): Record<string, number> {
  const files: Record<string, number> = {};
  for (let at = 0; at < count; at++) {
    files[`folder ${Math.floor(at / FILES_PER_FOLDER)}/file ${at}`] = FILE_BYTES;
  }
  return files;
}

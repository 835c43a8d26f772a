import { rm } from "node:fs/promises";
import type { Contender, Job } from "../clients/contender.ts";
import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { median } from "../statistics.ts";
import { formatTable } from "../table.ts";
import { makeFileJob } from "./job.ts";
import { race } from "./race.ts";
import type { Row } from "./race.ts";
import { chooseContenders } from "./transfer.ts";

const TINY_BYTES = 1_000_000;
const TINY_PIECE = 16_384;
const POLL_MS = 1;
const PEER_COUNTS: readonly number[] = [1, 3, 10];

/** A small file from 1, 3 and 10 peers: what counts here is how soon things get going. */
export async function runTiny(options: Options): Promise<void> {
  const names = ["shoal", "libtorrent", "libtorrent-default"];
  const asked = names.filter((name) => options.only.length === 0 || options.only.includes(name));
  const contenders = asked.length === 0 ? [] : chooseContenders(asked, options.kind);
  if (contenders.length === 0) return;
  const rows = await withStage("tiny", async (stage) => {
    const job = await makeFileJob(stage.folder("payload"), TINY_BYTES, {
      kind: options.kind,
      pieceLength: TINY_PIECE,
      pollMs: POLL_MS,
      profileDir: options.profile,
    });
    const all: Row[] = [];
    for (const peers of PEER_COUNTS) {
      for (const contender of contenders) all.push(...(await measure(contender, job, peers, options.runs)));
    }
    return all;
  });
  await saveResults(options, { bench: "tiny", size: TINY_BYTES, pieceLength: TINY_PIECE }, rows);
  note(`\n1 MB, ${options.kind}, pieces of 16 KiB, median ms from the order to complete (range):\n`);
  note(tinyTable(rows, contenders));
}

/** The seeders stay up; each run has a new leecher. */
function measure(contender: Contender, job: Job, peers: number, runs: number): Promise<Row[]> {
  return withStage(`${contender.name} from ${peers}`, async (stage) => {
    const seeders = await Promise.all(Array.from({ length: peers }, () => contender.seed(stage, job)));
    const rows: Row[] = [];
    for (let run = 0; run < runs; run++) {
      const saveDir = stage.folder("download");
      rows.push(
        await race(contender, job, run, seeders, saveDir, () =>
          contender.leech(stage, job, saveDir, seeders),
        ),
      );
      await rm(saveDir, { recursive: true });
    }
    return rows;
  });
}

function tinyTable(rows: readonly Row[], contenders: readonly Contender[]): string {
  const columns = [
    { title: "client" },
    ...PEER_COUNTS.map((peers) => ({ title: peers === 1 ? "1 peer" : `${peers} peers`, right: true })),
  ];
  return formatTable(
    columns,
    contenders.map(({ name }) => [
      name,
      ...PEER_COUNTS.map((peers) => {
        const times = rows
          .filter((row) => row.contender === name && row.seeders === peers)
          .map((row) => row.wallMs);
        const range = `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`;
        return `${median(times).toFixed(0)} (${range})`;
      }),
    ]),
  );
}

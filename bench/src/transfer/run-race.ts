import type { Stage } from "@shoal/testkit";
import type { Job } from "../clients/contender.ts";
import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { alternate } from "./alternate.ts";
import type { JobSpec } from "./job.ts";
import type { Row } from "./race.ts";
import { noteTransfers } from "./tables.ts";

/** How often a contender is asked whether it is done. */
const POLL_MS = 5;

/** What is transferred, by whom and how. */
export interface Race<C> {
  /** Name in saved results. */
  readonly bench: string;
  /** Bytes of content. */
  readonly size: number;
  readonly pieceLength: number;
  readonly contenders: readonly C[];
  /** Stands above the table. */
  readonly title: string;
  makeJob(dir: string, spec: JobSpec): Promise<Job>;
  /** One contender's turn; `stage` lasts until all rounds are over. */
  run(contender: C, job: Job, round: number, stage: Stage): Promise<Row>;
}

/** Makes the content once, lets the contenders take turns with it, and tells how they did. */
export async function runRace<C extends { readonly name: string }>(
  options: Options,
  race: Race<C>,
): Promise<Row[]> {
  const { bench, size, pieceLength, contenders } = race;
  const rows = await withStage("payload", async (stage) => {
    const job = await race.makeJob(stage.folder("payload"), {
      kind: options.kind,
      pieceLength,
      pollMs: POLL_MS,
      profileDir: options.profile,
    });
    return alternate(contenders, options.runs, (contender, round) => race.run(contender, job, round, stage));
  });
  await saveResults(options, { bench, size, pieceLength }, rows);
  note(`\n${race.title}:\n`);
  noteTransfers(rows, contenders);
  return rows;
}

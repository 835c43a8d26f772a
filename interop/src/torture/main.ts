// `npm run torture -- …`: see USAGE.
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type RoundResult, type Storm, playRound } from "./storm-round.ts";

const USAGE = `npm run torture -- kill|stop [--rounds 20] [--seed N] [--jobs 2] [--evidence DIR] [--json]

Downloads between two processes of ours that are killed (or stopped for a while) at random moments and started again; after
each death, what resume data claims is compared with what is on disk. A round depends on its seed, and on the moment.`;

interface Options {
  readonly storm: Storm;
  readonly rounds: number;
  readonly seed: number;
  readonly jobs: number;
  readonly evidence: string;
  readonly json: boolean;
}

/** Null when only help is asked for. */
function parse(args: readonly string[]): Options | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "20" },
      seed: { type: "string" },
      jobs: { type: "string", default: "2" },
      evidence: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const storm = positionals[0];
  if (positionals.length > 1) throw new Error("one storm at a time");
  if (storm !== "kill" && storm !== "stop") throw new Error("say which storm");
  const whole = (word: string): number => {
    if (!/^[1-9]\d{0,9}$/.test(word)) throw new Error(`${word} is not a whole number above 0`);
    return Number(word);
  };
  return {
    storm,
    rounds: whole(values.rounds),
    seed: values.seed === undefined ? 1 + (Date.now() % 1_000_000_000) : whole(values.seed),
    jobs: whole(values.jobs),
    evidence: values.evidence ?? join(tmpdir(), "shoal-torture"),
    json: values.json,
  };
}

function say(result: RoundResult, number: number, { json }: Options): void {
  if (json) return console.log(JSON.stringify(result));
  const { seed, story, failure, evidence, ms } = result;
  console.log(`${failure === null ? "ok  " : "FAIL"} ${number} (seed ${seed}, ${ms} ms): ${story}`);
  if (failure !== null) console.log(`${failure}\nevidence: ${evidence}`);
}

async function main(args: readonly string[]): Promise<void> {
  const options = parse(args);
  if (options === null) return console.log(USAGE);
  mkdirSync(options.evidence, { recursive: true });
  const total = { rounds: 0, failed: 0, kills: 0, claimsChecked: 0, wrong: 0, hadBytes: 0, keptBytes: 0 };
  const started = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < options.rounds) {
      const number = ++next;
      const result = await playRound(options.storm, options.seed + number - 1, options.evidence);
      total.rounds++;
      total.failed += result.failure === null ? 0 : 1;
      total.kills += result.kills;
      total.claimsChecked += result.claimsChecked;
      total.wrong += result.wrong.length;
      total.hadBytes += result.hadBytes;
      total.keptBytes += result.keptBytes;
      say(result, number, options);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  const { hadBytes, keptBytes, ...figures } = total;
  const kept = hadBytes === 0 ? 100 : Number(((100 * keptBytes) / hadBytes).toFixed(2));
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    JSON.stringify({ storm: options.storm, ...figures, keptPercent: kept, seconds, seed: options.seed }),
  );
  if (total.failed > 0) process.exitCode = 1;
}

// Nothing of what is started here may talk to anyone outside this machine.
process.env["SHOAL_OFFLINE"] = "1";
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}

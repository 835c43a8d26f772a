// `npm run fuzz -- …`: see USAGE.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { repoRoot } from "../paths.ts";
import { Examiner } from "./examine.ts";
import type { FuzzResult } from "./fuzzer.ts";
import { findTargets, writeFixture } from "./target-files.ts";
import type { FoundTarget } from "./target-files.ts";
import { runWatched } from "./watched-run.ts";

const USAGE = `npm run fuzz -- TARGET…|all [--seconds 10 | --runs N] [--seed N] [--jobs 2] [--keep] [--json]
npm run fuzz -- TARGET --replay FILE
npm run fuzz -- --list

Feeds targets with what mutation makes of known inputs, and keeps an input that breaks a promise as a fixture. The same
seed and --runs give the same inputs. --keep also keeps short inputs that ran new code.`;

/** Inputs kept by --keep are short, and few for each target. */
const MAX_KEPT_BYTES = 1_024;
const MAX_KEPT = 12;

interface Options {
  readonly names: readonly string[];
  readonly seconds: number;
  readonly runs: number;
  readonly seed: number;
  readonly jobs: number;
  readonly keep: boolean;
  readonly json: boolean;
  readonly list: boolean;
  readonly help: boolean;
  readonly replay: string | null;
}

function parse(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seconds: { type: "string" },
      runs: { type: "string" },
      seed: { type: "string" },
      jobs: { type: "string", default: "2" },
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      replay: { type: "string" },
    },
  });
  const number = (word: string | undefined, fallback: number): number => {
    const value = word === undefined ? fallback : Number(word);
    if (!(value > 0)) throw new Error(`${word} is not a number above 0`);
    return value;
  };
  return {
    names: positionals,
    seconds: number(values.seconds, values.runs === undefined ? 10 : Infinity),
    runs: number(values.runs, Infinity),
    seed: number(values.seed, 1 + (Date.now() % 0xffff_fff0)),
    jobs: number(values.jobs, 2),
    keep: values.keep,
    json: values.json,
    list: values.list,
    help: values.help,
    replay: values.replay ?? null,
  };
}

function choose(all: readonly FoundTarget[], names: readonly string[]): readonly FoundTarget[] {
  if (names.length === 0) throw new Error("say which target, or all");
  const named = names.filter((name) => name !== "all");
  const found = named.map((name) => {
    const known = all.find(({ target }) => target.name === name);
    if (known === undefined) throw new Error(`there is no target ${name}`);
    return known;
  });
  return names.includes("all") ? all : [...new Set(found)];
}

async function replay({ target }: FoundTarget, file: string): Promise<void> {
  const examiner = new Examiner(target);
  const { finding, outcome, ms } = await examiner.examine(new Uint8Array(readFileSync(file)));
  examiner.stop();
  if (finding === null) return console.log(`${target.name}: ${outcome}, ${ms.toFixed(1)} ms`);
  console.error(`${target.name}: ${finding.kind}: ${finding.message}`);
  process.exitCode = 1;
}

function report({ target, fixtures }: FoundTarget, result: FuzzResult, options: Options): void {
  const { runs, seconds, corpus, covered, slowestMs, failure } = result;
  const row = { target: target.name, runs, seconds, corpus, covered, slowestMs, ok: failure === null };
  const figures =
    `${seconds.toFixed(1).padStart(6)} s ${runs.toLocaleString("en").padStart(11)} inputs ` +
    `${String(corpus).padStart(5)} kept ${covered.toLocaleString("en").padStart(8)} covered ` +
    `${slowestMs.toFixed(1).padStart(7)} ms at most`;
  if (failure === null) {
    console.log(options.json ? JSON.stringify(row) : `ok   ${target.name.padEnd(20)} ${figures}`);
    return;
  }
  process.exitCode = 1;
  const path = relative(repoRoot(), writeFixture(fixtures, "crash", failure.input));
  const { kind, message } = failure.finding;
  const again = `npm run fuzz -- ${target.name} --replay ${path}`;
  if (options.json) {
    console.log(JSON.stringify({ ...row, seed: options.seed, finding: kind, message, file: path, again }));
  } else {
    console.log(
      `FAIL ${target.name.padEnd(20)} ${figures}\n${kind}: ${message}\nseed ${options.seed}; ${again}`,
    );
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = parse(args);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const all = await findTargets();
  if (options.list) {
    for (const { target } of all) console.log(`${target.name.padEnd(20)} ${target.about}`);
    return;
  }
  const chosen = choose(all, options.names);
  if (options.replay !== null) return replay(chosen[0]!, options.replay);
  const queue = [...chosen];
  let inputs = 0;
  const start = performance.now();
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await runWatched(next, options);
      inputs += result.runs;
      report(next, result, options);
      if (!options.keep) continue;
      const short = result.found.filter(({ length }) => length <= MAX_KEPT_BYTES);
      for (const input of short.slice(0, MAX_KEPT)) writeFixture(next.fixtures, "corpus", input);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  const seconds = (performance.now() - start) / 1000;
  const total = { targets: chosen.length, inputs, seconds: Number(seconds.toFixed(1)), seed: options.seed };
  console.log(
    options.json
      ? JSON.stringify(total)
      : `${total.targets} targets, ${inputs.toLocaleString("en")} inputs in ${seconds.toFixed(0)} s, seed ${total.seed}`,
  );
}

// Nothing of what is started here may talk to anyone outside this machine.
process.env["SHOAL_OFFLINE"] = "1";
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}

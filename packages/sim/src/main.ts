// Plays scenarios: npm run sim -- --list
import { writeFileSync } from "node:fs";
import { type Arguments, parseArguments, USAGE } from "./arguments.ts";
import { playAll } from "./play-all.ts";
import { type Played, playToEnd } from "./play-scenario.ts";
import { plotProgress } from "./plot.ts";
import type { Scenario, ScenarioOptions } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import { type Sample, timelineTable } from "./timeline.ts";

/** Standard output is a function of the arguments alone; time and memory go to standard error. */
async function main(words: readonly string[]): Promise<number> {
  let asked;
  try {
    asked = parseArguments(words);
    // Told now rather than after a minute.
    if (asked.svg !== null) writeFileSync(asked.svg, "");
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  if (asked.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (asked.list) {
    const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
    for (const { name, title } of SCENARIOS) process.stdout.write(`${name.padEnd(width)}  ${title}\n`);
    return 0;
  }
  const { seed, peers, json } = asked;
  const optionsOf = (scenario: Scenario): ScenarioOptions => ({ seed, peers: peers ?? scenario.peers });
  let isOk = true;
  const tell = (played: Played, seconds: number): void => {
    isOk &&= played.ok;
    process.stdout.write(json ? `${JSON.stringify(played)}\n` : readable(played));
    process.stderr.write(`${played.scenario}: ${seconds.toFixed(1)} s\n`);
  };
  const started = performance.now();
  if (asked.scenarios.length === 1) await playOne(asked, asked.scenarios[0]!, optionsOf, tell);
  else await playAll(asked.scenarios, optionsOf, tell);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { maxRSS } = process.resourceUsage();
  process.stderr.write(`in all: ${seconds} s, ${Math.round(maxRSS / 1024)} MiB\n`);
  return isOk ? 0 : 1;
}

async function playOne(
  { json, svg }: Arguments,
  scenario: Scenario,
  optionsOf: (scenario: Scenario) => ScenarioOptions,
  tell: (played: Played, seconds: number) => void,
): Promise<void> {
  const started = performance.now();
  let seen: readonly Sample[] = [];
  const onSamples = (samples: readonly Sample[]): void => {
    seen = samples;
  };
  const played = await playToEnd(scenario, optionsOf(scenario), json && svg === null ? {} : { onSamples });
  if (!json && seen.length > 0) process.stdout.write(timelineTable(seen));
  if (svg !== null && seen.length > 0)
    writeFileSync(svg, plotProgress(`${scenario.name}: ${scenario.title}`, seen));
  else if (svg !== null) process.stderr.write(`${scenario.name} has no downloads to draw; ${svg} is empty\n`);
  tell(played, (performance.now() - started) / 1000);
}

function readable({ scenario, ok, ...figures }: Played): string {
  const told = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return `${ok ? "ok  " : "FAIL"} ${scenario}: ${told.join(", ")}\n`;
}

process.exitCode = await main(process.argv.slice(2));

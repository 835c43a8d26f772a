// Plays scenarios: npm run sim -- --list
import { parseArguments } from "./arguments.ts";
import { playScenario } from "./play-scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

async function main(words: readonly string[]): Promise<number> {
  let asked;
  try {
    asked = parseArguments(words);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  if (asked.list) {
    const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
    for (const { name, title } of SCENARIOS) process.stdout.write(`${name.padEnd(width)}  ${title}\n`);
    return 0;
  }
  let isOk = true;
  for (const scenario of asked.scenarios) {
    const started = performance.now();
    const played = await playScenario(scenario, { seed: asked.seed, peers: asked.peers ?? scenario.peers });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const megabytes = Math.round(process.memoryUsage().rss / 1e6);
    process.stdout.write(`${JSON.stringify(played)}\n`);
    process.stderr.write(`${scenario.name}: ${seconds} s, ${megabytes} MB\n`);
    isOk &&= played.ok;
  }
  return isOk ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));

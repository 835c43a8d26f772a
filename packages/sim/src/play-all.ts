import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Played } from "./play-scenario.ts";
import type { Scenario, ScenarioOptions } from "./scenario.ts";

/** One run that is over, and the seconds that it took. */
export type OnPlayed = (played: Played, seconds: number) => void;

/**
 * Plays scenarios on all processors, the dearest first, and tells the outcomes in the order given. Rejects when a scenario
 * throws.
 */
export async function playAll(
  scenarios: readonly Scenario[],
  optionsOf: (scenario: Scenario) => ScenarioOptions,
  onPlayed: OnPlayed,
): Promise<void> {
  const waiting = scenarios.toSorted((a, b) => b.cost - a.cost);
  const ended = new Map<string, { readonly played: Played; readonly seconds: number }>();
  let told = 0;
  const tell = (): void => {
    for (; told < scenarios.length; told++) {
      const end = ended.get(scenarios[told]!.name);
      if (end === undefined) return;
      onPlayed(end.played, end.seconds);
    }
  };
  const play = (worker: Worker, scenario: Scenario): Promise<void> =>
    new Promise((resolve, reject) => {
      const started = performance.now();
      worker.once("error", reject);
      worker.once("message", (played: Played) => {
        worker.off("error", reject);
        ended.set(scenario.name, { played, seconds: (performance.now() - started) / 1000 });
        tell();
        resolve();
      });
      worker.postMessage({ name: scenario.name, options: optionsOf(scenario) });
    });
  const lane = async (): Promise<void> => {
    const worker = new Worker(new URL("./play-worker.js", import.meta.url));
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await play(worker, next);
    } finally {
      await worker.terminate();
    }
  };
  const lanes = Math.min(availableParallelism(), scenarios.length);
  await Promise.all(Array.from({ length: lanes }, lane));
}

import type { Figures, Scenario, ScenarioOptions } from "./scenario.ts";
import { SimulatedWorld } from "./world.ts";

/** What is told of one run: the same for the same seed. */
export interface Played extends Figures {
  readonly scenario: string;
  readonly seed: number;
}

/** Plays a scenario in a world of its own; with `checkEvery`, the sessions' invariants are checked after every so many inputs. */
export async function playScenario(
  scenario: Scenario,
  options: ScenarioOptions,
  checkEvery: number = 0,
): Promise<Played> {
  const world = new SimulatedWorld({ seed: options.seed, spoilsBuffers: checkEvery > 0 });
  if (checkEvery > 0) world.checkInvariants(checkEvery);
  const figures = await scenario.run({ world, watch: () => undefined }, options);
  return { scenario: scenario.name, seed: options.seed, ...figures };
}

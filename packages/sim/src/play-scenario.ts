import type { Figures, Scenario, ScenarioOptions } from "./scenario.ts";
import { SimulatedWorld } from "./world.ts";

/** What is told of one run: the same for the same seed. */
export interface Played extends Figures {
  readonly scenario: string;
  readonly seed: number;
}

/** Plays a scenario in a world of its own. */
export async function playScenario(scenario: Scenario, options: ScenarioOptions): Promise<Played> {
  const world = new SimulatedWorld({ seed: options.seed, spoilsBuffers: false });
  const figures = await scenario.run({ world, watch: () => undefined }, options);
  return { scenario: scenario.name, seed: options.seed, ...figures };
}

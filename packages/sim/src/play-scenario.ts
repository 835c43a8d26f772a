import type { Figures, Scenario, ScenarioOptions } from "./scenario.ts";
import { type Sample, Timeline } from "./timeline.ts";
import { SimulatedWorld } from "./world.ts";

/** What is told of one run: the same for the same seed. */
export interface Played extends Figures {
  readonly scenario: string;
  readonly seed: number;
}

export interface PlayOptions {
  /** The sessions' invariants are checked after every so many inputs; 0 for never. */
  readonly checkEvery?: number;
  /** Gets what the swarm looked like on the way. */
  readonly onSamples?: (samples: readonly Sample[]) => void;
}

/** As `playScenario`; when that fails, so has the scenario, and standard error tells where. */
export async function playToEnd(
  scenario: Scenario,
  options: ScenarioOptions,
  how: PlayOptions = {},
): Promise<Played> {
  try {
    return await playScenario(scenario, options, how);
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    process.stderr.write(`${scenario.name}: ${stack ?? message}\n`);
    return { scenario: scenario.name, seed: options.seed, ok: false, error: message };
  }
}

/** Plays a scenario in a world of its own. */
export async function playScenario(
  scenario: Scenario,
  options: ScenarioOptions,
  { checkEvery = 0, onSamples }: PlayOptions = {},
): Promise<Played> {
  const world = new SimulatedWorld({ seed: options.seed, spoilsBuffers: checkEvery > 0 });
  if (checkEvery > 0) world.checkInvariants(checkEvery);
  const timeline = onSamples === undefined ? null : new Timeline();
  const figures = await scenario.run({ world, watch: timeline?.watch ?? (() => undefined) }, options);
  timeline?.end();
  if (timeline !== null) onSamples?.(timeline.samples);
  return { scenario: scenario.name, seed: options.seed, ...figures };
}

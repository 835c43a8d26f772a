import type { Swarm } from "./swarm.ts";
import type { SimulatedWorld } from "./world.ts";

export interface ScenarioOptions {
  readonly seed: number;
  /** How many leechers, peers or torrents: what the scenario has many of. */
  readonly peers: number;
}

/** What came out; `ok` says whether it is as it must be. Functions of the options alone. */
export interface Figures {
  readonly ok: boolean;
  readonly [name: string]: number | string | boolean;
}

/** Where a scenario plays. */
export interface Scene {
  readonly world: SimulatedWorld;
  /** Shows the swarm to whoever looks on. */
  readonly watch: (swarm: Swarm) => void;
}

/** One story with a known end. */
export interface Scenario {
  /** As in `npm run sim -- <name>`. */
  readonly name: string;
  /** What must come true, in one sentence. */
  readonly title: string;
  readonly peers: number;
  /** Processor seconds, roughly: where there are many to play the dearest come first. */
  readonly cost: number;
  run(scene: Scene, options: ScenarioOptions): Promise<Figures>;
}

import type { Scenario } from "./scenario.ts";
import { fluidBoundScenario } from "./scenarios/fluid-bound.ts";

/** All scenarios, in the order in which they are listed and told. */
export const SCENARIOS: readonly Scenario[] = [fluidBoundScenario];

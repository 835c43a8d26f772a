import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { playScenario } from "../dist/play-scenario.js";
import { SCENARIOS } from "../dist/scenarios.js";

describe("scenarios", () => {
  test("the same seed gives the same run, another seed another one", async () => {
    const scenario = SCENARIOS.find(({ name }) => name === "fluid-bound")!;
    const play = (seed: number): Promise<object> => playScenario(scenario, { seed, peers: 4 });
    const first = await play(7);
    assert.deepEqual(await play(7), first);
    assert.notDeepEqual({ ...(await play(8)), seed: 7 }, first);
  });
});

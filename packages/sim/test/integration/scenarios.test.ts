import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { REASONS } from "@shoal/engine/composition";
import { playScenario } from "../../dist/play-scenario.js";
import { SCENARIOS } from "../../dist/scenarios.js";

/** Fewer than by hand, so that all of them together take seconds. */
const PEERS: Readonly<Record<string, number>> = {
  "fluid-bound": 4,
  "choke-storm": 4,
  "hybrid-swarm": 2,
  "flash-crowd": 24,
  "tracker-tiers": 20,
  kill: 6,
  dormant: 300,
  "disk-disorder": 2,
  "lossy-links": 3,
  "poisoned-magnet": 4,
};
describe("scenarios, with the sessions' invariants checked after every input", () => {
  for (const scenario of SCENARIOS) {
    test(`${scenario.name}: ${scenario.title}`, async () => {
      const peers = PEERS[scenario.name] ?? scenario.peers;
      const played = await playScenario(scenario, { seed: 1, peers }, { checkEvery: 1 });
      assert.ok(played.ok, JSON.stringify(played));
    });
  }

  test("each reason for waiting has a scenario that produces and ends it", () => {
    const played = SCENARIOS.flatMap(({ name }) => (name.startsWith("why-") ? [name.slice(4)] : []));
    assert.deepEqual(played.toSorted(), Object.keys(REASONS).toSorted());
  });

  test("the same seed gives the same run, another seed another one", async () => {
    const scenario = SCENARIOS.find(({ name }) => name === "flash-crowd")!;
    const play = (seed: number): Promise<object> => playScenario(scenario, { seed, peers: 12 });
    const first = await play(7);
    assert.deepEqual(await play(7), first);
    assert.notDeepEqual({ ...(await play(8)), seed: 7 }, first);
  });
});

// A short storm of kills; `npm run torture` goes on for as long as one likes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeTempDir } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";
import { playRound } from "./torture/storm-round.ts";

describe("a storm of kills over both ends", { concurrency: 2 }, () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    test(`random seed ${seed}`, { timeout: 2 * TIMEOUT_MS }, async (t) => {
      const result = await playRound("kill", seed, makeTempDir(t, "evidence"));
      assert.equal(result.failure, null, result.story);
      assert.deepEqual(result.wrong, []);
    });
  }
});

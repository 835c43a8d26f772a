import assert from "node:assert/strict";
import { test } from "node:test";
import { Examiner, findTargets, readFixtures } from "@shoal/testkit/fuzz";

/** Times over that an input may take here: tests run beside others. */
const PATIENCE = 10;

for (const { target, fixtures } of await findTargets()) {
  test(`fuzz target ${target.name} takes its seeds and what was found before`, async () => {
    const examiner = new Examiner(target, PATIENCE);
    try {
      for (const seed of await target.seeds()) assert.equal((await examiner.examine(seed)).finding, null);
      for (const { path, bytes } of readFixtures(fixtures))
        assert.equal((await examiner.examine(bytes)).finding, null, path);
    } finally {
      examiner.stop();
    }
  });
}

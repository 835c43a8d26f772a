import assert from "node:assert/strict";
import { test } from "node:test";

import { compareVersions } from "../dist/daemon/versions.js";

test("compareVersions: by numbers, and what comes before a release is older than it", () => {
  const inOrder = ["", "dev", "0.9.0", "0.10.0", "1.0.0-alpha", "1.0.0-beta", "1.0.0", "1.0.1", "10.0.0"];
  for (const [at, older] of inOrder.entries()) {
    assert.equal(compareVersions(older, older), 0);
    for (const newer of inOrder.slice(at + 1)) {
      assert.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`);
      assert.ok(compareVersions(newer, older) > 0, `${newer} > ${older}`);
    }
  }
});

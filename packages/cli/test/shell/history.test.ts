import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { History } from "../../dist/shell/history.js";

test("lines are kept for the next time, for this user alone, and no secrets among them", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "shoal-history-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const history = await History.load(dir);
  for (const line of [
    "list",
    "list",
    "get 7-maple-otter-canoe",
    " pause 1",
    "",
    "login --password-file x",
    "show 1",
  ])
    await history.add(line);
  assert.deepEqual(history.lines, ["show 1", "list"]);
  assert.deepEqual((await History.load(dir)).lines, ["show 1", "list"]);
  const file = join(dir, "shell-history");
  assert.equal(readFileSync(file, "utf8"), "list\nshow 1\n");
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

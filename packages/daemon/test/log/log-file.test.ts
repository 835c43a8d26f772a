import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { LogFile } from "../../dist/log/log-file.js";

function place(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "shoal-log-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, "daemon.log");
}

function lines(path: string): Record<string, unknown>[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("each thing is a line that is there at once, for this user alone", (t) => {
  const path = place(t);
  const log = new LogFile(path, "info");
  log.debug("not this");
  log.warn("a disk is slow", { ms: 5, error: new Error("why") });
  const [line] = lines(path);
  assert.equal(lines(path).length, 1);
  assert.deepEqual([line?.["msg"], line?.["ms"], line?.["level"]], ["a disk is slow", 5, 40]);
  assert.match(String(line?.["time"]), /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.match(JSON.stringify(line?.["error"]), /"message":"why"/);
  log.level = "debug";
  log.debug("now this");
  assert.equal(lines(path).at(-1)?.["msg"], "now this");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  log.close();
});

test("names with line breaks stay in their line", (t) => {
  const path = place(t);
  const log = new LogFile(path, "info");
  log.info("added", { name: 'a\n{"msg":"forged"}\u2028' });
  assert.equal(lines(path).length, 1);
  log.close();
});

test("long logs are cut into files, of which the oldest goes", (t) => {
  const path = place(t);
  const log = new LogFile(path, "info");
  const text = "x".repeat(10_000);
  for (let i = 0; i < 2_500; i++) log.info(text, { i });
  log.close();
  for (const file of [path, `${path}.1`, `${path}.2`]) assert.ok(statSync(file).size < 8_000_000, file);
  assert.ok(!existsSync(`${path}.3`));
  assert.equal(lines(path).at(-1)?.["i"], 2_499);
  assert.equal(Number(lines(`${path}.1`).at(-1)?.["i"]) + 1, lines(path)[0]?.["i"]);
});

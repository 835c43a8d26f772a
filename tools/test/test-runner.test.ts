import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { fakeTree } from "./fake-tree.ts";

interface RunResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PASSING = 'import { test } from "node:test";\n';

/** Runs the test runner in a small repository whose tests are given as compiled text by path below packages/a/test. */
function run(t: TestContext, tests: Readonly<Record<string, string>>, ...words: string[]): RunResult {
  const files: Record<string, unknown> = {
    "package.json": { type: "module" },
    "packages/a/package.json": {},
  };
  for (const [path, text] of Object.entries(tests)) {
    files[`packages/a/test/${path}.test.ts`] = "";
    files[`packages/a/dist-test/${path}.test.js`] = text;
  }
  const root = fakeTree(t, files);
  for (const name of ["test.js", "tally-reporter.js"]) {
    cpSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), join(root, "tools", name));
  }
  // A test process inside a test process reports in another form unless this is gone.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "tools", "test.js"), ...words], {
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr };
}

describe("npm test", () => {
  const two = {
    "base/one": `${PASSING}test("first", () => {}); console.log("pid", process.pid);`,
    "wire/two": `${PASSING}test("second", () => {}); console.log("pid", process.pid);`,
    "node/three": `${PASSING}test("third", () => {}); console.log("pid", process.pid);`,
  };

  test("runs unit tests in one process, those with sockets in their own, and ends with the summary", (t) => {
    const { status, stdout, stderr } = run(t, two);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    assert.equal(new Set(stdout.match(/pid \d+/g)).size, 2);
    assert.match(stdout, /ℹ tests 3\n(ℹ .*\n)*ℹ duration_ms [\d.]+\n$/);
  });

  test("takes a word for a path when it matches one, else for a name", (t) => {
    assert.match(run(t, two, "wire/tw").stdout, /ℹ pass 1\n/);
    const byName = run(t, two, "third");
    assert.equal(byName.status, 0);
    assert.match(byName.stdout, /✔ third/);
    assert.doesNotMatch(byName.stdout, /✔ first/);
  });

  test("fails with a failing test", (t) => {
    const failing = { "base/bad": `${PASSING}test("bad", () => { throw new Error("no"); });` };
    assert.equal(run(t, { ...two, ...failing }).status, 1);
  });

  test("fails when no test runs", (t) => {
    assert.deepEqual(run(t, {}), { status: 1, stdout: "", stderr: "There is no test to run\n" });
    const byName = run(t, two, "no such name");
    assert.equal(byName.status, 1);
    assert.match(byName.stderr, /No test has run/);
  });

  test("fails with a file that declares no test", (t) => {
    const { status, stderr } = run(t, { ...two, "node/empty": "export {};" });
    assert.equal(status, 1);
    assert.match(stderr, /Files without a test: .*empty\.test\.js/);
  });

  test("fails with a test that was not compiled", (t) => {
    const root = fakeTree(t, { "package.json": { type: "module" }, "packages/a/test/x.test.ts": "" });
    cpSync(fileURLToPath(new URL("../test.js", import.meta.url)), join(root, "tools", "test.js"));
    const result = spawnSync(process.execPath, [join(root, "tools", "test.js")], { encoding: "utf8" });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /^Not built: packages.a.test.x\.test\.ts/);
  });

  test("keeps tests offline and out of the user's folders", (t) => {
    const text = `${PASSING}import assert from "node:assert";
test("env", () => {
  assert.equal(process.env.SHOAL_OFFLINE, "1");
  assert.match(process.env.XDG_STATE_HOME, /shoal-test-/);
});`;
    assert.equal(run(t, { "base/env": text }).status, 0);
  });
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { lacks, makeTempDir, openStage, repoRoot } from "@shoal/testkit";
import type { StageContext } from "@shoal/testkit";

const KIT = pathToFileURL(join(repoRoot(), "packages", "testkit", "dist", "index.js")).href;
const LINUX = { skip: process.platform !== "linux" && "foreign clients are driven on Linux only" };

class FakeContext implements StageContext {
  readonly name = "fake";
  readonly said: string[] = [];
  readonly #hooks: (() => Promise<void> | void)[] = [];
  passed = true;

  after(run: () => Promise<void> | void): void {
    this.#hooks.push(run);
  }

  diagnostic(message: string): void {
    this.said.push(message);
  }

  async end(passed: boolean): Promise<void> {
    this.passed = passed;
    for (const run of this.#hooks) await run();
  }
}

/** Evaluates an expression over the testkit in a process without any program on its path. */
function withoutPrograms(expression: string, env: Record<string, string> = {}): unknown {
  const script = `const kit = await import(${JSON.stringify(KIT)}); console.log(JSON.stringify(${expression}));`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env: { PATH: "/nonexistent", ...env },
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as unknown;
}

test("what a stage started is gone when it ends, even when one ending fails", LINUX, async () => {
  const context = new FakeContext();
  const stage = openStage(context);
  const child = stage.spawn({ name: "sleeper", command: "sleep", args: ["60"] });
  stage.onEnd(() => Promise.reject(new Error("no")));
  assert.ok(existsSync(stage.dir));
  await assert.rejects(context.end(true), AggregateError);
  assert.equal(child.exit?.signal, "SIGKILL");
  assert.equal(existsSync(stage.dir), false);
  assert.deepEqual(context.said, []);
});

test("after a failure the last output of every program is shown", LINUX, async () => {
  const context = new FakeContext();
  const stage = openStage(context);
  const child = stage.spawn({ name: "talker", command: "/bin/sh", args: ["-c", "echo out; echo err >&2"] });
  await child.exited;
  await context.end(false);
  const said = context.said.join("\n");
  assert.ok(said.includes("--- talker") && said.includes("out") && said.includes("! err"), said);
});

test("a client that is not there is a reason to skip, or a failure where none may be absent", LINUX, () => {
  assert.match(String(withoutPrograms(`kit.lacks("aria2")`)), /aria2c is not there/);
  const required = { SHOAL_REQUIRE_INTEROP: "1" };
  assert.equal(withoutPrograms(`kit.lacks("aria2")`, required), false);
  const open = `(() => { try { kit.openStage({ after() {} }, { needs: ["aria2"] }); } catch (e) { return e.message; } })()`;
  assert.match(String(withoutPrograms(open, required)), /aria2c is not there/);
});

test("two networks don't see each other's addresses", { skip: lacks("namespaces") }, async (t) => {
  const contexts = [new FakeContext(), new FakeContext()] as const;
  const stages = contexts.map((context) => openStage(context, { ownNetwork: true }));
  t.after(() => Promise.all(contexts.map((context) => context.end(true))));
  const [first, second] = stages;
  assert.ok(first && second);
  const state = makeTempDir(t);
  const serve = `require("net").createServer().listen(7777, "10.73.0.2", () => console.log("up"))`;
  const server = first.spawn({ name: "server", command: process.execPath, args: ["-e", serve], cwd: state });
  await new Promise<void>((resolve) => server.onLine(() => resolve()));
  const dial = `require("net").connect(7777, "10.73.0.2").on("connect", () => process.exit(0)).on("error", () => process.exit(9))`;
  const args = ["-e", dial];
  const near = await first.spawn({ name: "near", command: process.execPath, args }).exited;
  const far = await second.spawn({ name: "far", command: process.execPath, args }).exited;
  assert.deepEqual([near.code, far.code], [0, 9]);
});

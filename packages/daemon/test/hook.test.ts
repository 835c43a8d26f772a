import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { poll } from "@shoal/testkit";
import { CompletionHook, type Finished } from "../dist/completion/hook.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

function finished(t: TestContext): Finished & { readonly pidFile: string } {
  const dir = mkdtempSync(join(tmpdir(), "shoal-hook-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return { id: 1, name: "a\0b", dir, hash: "00", labels: ["x"], size: 5, pidFile: join(dir, "pid") };
}

/** A program that starts another one, and does not end. */
function endless(pidFile: string): string[] {
  const child = `require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const program = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`;
  return [process.execPath, "-e", program];
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the program for finished downloads", () => {
  test("is ended with all that it has started when it takes too long", async (t) => {
    const about = finished(t);
    const command = (): string[] => endless(about.pidFile);
    const hook = new CompletionHook({ command, env: process.env, log: silent, timeLimitMs: 3_000 });
    assert.equal(await hook.turn(), true);
    assert.match((await hook.run(about)) ?? "", /failed for a\0b: it did not end within 3 s/);
    const pid = existsSync(about.pidFile) ? Number(readFileSync(about.pidFile, "utf8")) : null;
    if (pid !== null) await poll("what it has started has ended", () => !runs(pid));
  });

  test("is ended when the daemon ends, and no other is begun", async (t) => {
    const about = finished(t);
    const command = (): string[] => endless(about.pidFile);
    const hook = new CompletionHook({ command, env: process.env, log: silent });
    await hook.turn();
    const run = hook.run(about);
    const pid = await poll("it runs", () => {
      const text = existsSync(about.pidFile) ? readFileSync(about.pidFile, "utf8") : "";
      return text !== "" && Number(text);
    });
    hook.close();
    assert.match((await run) ?? "", /shoal was stopped/);
    await poll("what it has started has ended", () => !runs(pid));
    assert.equal(await hook.turn(), false);
  });

  test("is told of the download in its environment, besides that of the daemon", async (t) => {
    const about = finished(t);
    const program = `const { SHOAL_NAME, SHOAL_LABELS, SHOAL_SIZE, OWN } = process.env;
      process.exitCode = [SHOAL_NAME, SHOAL_LABELS, SHOAL_SIZE, OWN].join() === "ab,x,5,mine" ? 0 : 1`;
    const command = (): string[] => [process.execPath, "-e", program];
    const hook = new CompletionHook({ command, env: { ...process.env, OWN: "mine" }, log: silent });
    await hook.turn();
    assert.equal(await hook.run(about), null);
  });
});

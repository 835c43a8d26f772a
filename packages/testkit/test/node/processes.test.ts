import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { Child, freePort, poll, repoRoot } from "@shoal/testkit";

const POSIX = { skip: process.platform === "win32" && "process groups are tested on POSIX systems" };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("stopping a child ends its children too", POSIX, async () => {
  const child = new Child({ name: "parent", command: "/bin/sh", args: ["-c", "sleep 60 & echo $!; wait"] });
  const grandchild = await new Promise<number>((resolve) => child.onLine((line) => resolve(Number(line))));
  assert.ok(isAlive(grandchild));
  await child.kill();
  await poll("the grandchild has gone", () => !isAlive(grandchild), { within: 5_000 });
  assert.equal(child.exit?.signal, "SIGKILL");
});

test("a program that can't be started says so instead of throwing", POSIX, async () => {
  const child = new Child({ name: "none", command: "/nonexistent/program", args: [] });
  await child.exited;
  assert.match(child.log, /could not start/);
});

test("kill -9 of the test process leaves no child and no temporary folder", POSIX, async () => {
  const kit = pathToFileURL(join(repoRoot(), "packages", "testkit", "dist", "index.js")).href;
  const script = `
    const { Child, makeTempDir } = await import(${JSON.stringify(kit)});
    const dir = makeTempDir({ after() {} }, "victim");
    const child = new Child({ name: "sleeper", command: "sleep", args: ["60"] });
    console.log(JSON.stringify({ dir, pid: child.pid }));
    setInterval(() => {}, 1000);
  `;
  const victim = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve) =>
    victim.stdout.once("data", (data) => resolve(String(data))),
  );
  const { dir, pid } = JSON.parse(line) as { dir: string; pid: number };
  assert.ok(existsSync(dir) && isAlive(pid));
  victim.kill("SIGKILL");
  await poll("all has been cleared up", () => !isAlive(pid) && !existsSync(dir), { within: 5_000 });
});

test("free ports are never given twice", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  assert.equal(new Set(ports).size, 20);
});

test("polling gives up at its deadline and names what it waited for", async () => {
  await assert.rejects(
    poll("the moon", () => false, { within: 30, every: 5 }),
    /the moon: not within 30 ms/,
  );
});

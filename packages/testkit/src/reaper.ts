import { execFileSync, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { rmSync } from "node:fs";
import { fixturePath } from "./paths.ts";

/**
 * What this test process has to clear up. Normal ends are handled by the owners and by an exit handler; for the rest
 * (SIGKILL, Ctrl-C) a small shell process waits for our end of a pipe to close and does the same.
 */
const groups: Set<number> = new Set();
const dirs: Set<string> = new Set();
const namespaces: Set<string> = new Set();
let pipe: Writable | null = null;
let hooked = false;

function hook(): void {
  if (hooked) return;
  hooked = true;
  process.on("exit", () => {
    for (const group of groups) killGroup(group, "SIGKILL");
    for (const name of namespaces) deleteNamespace(name);
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  });
}

function tell(line: string): void {
  if (process.platform === "win32") return;
  if (pipe === null) {
    const reaper = spawn("/bin/sh", [fixturePath("reaper.sh")], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    reaper.unref();
    pipe = reaper.stdin;
    (reaper.stdin as unknown as { unref(): void }).unref();
    reaper.stdin.on("error", () => {});
    for (const dir of dirs) pipe.write(`dir ${dir}\n`);
  }
  pipe.write(`${line}\n`);
}

/** Sends a signal to a whole process group; a group that has gone is not an error. */
export function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: nobody is left in it.
  }
}

export function deleteNamespace(name: string): void {
  try {
    execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
  } catch {
    // Already gone.
  }
}

export function watchGroup(group: number): void {
  hook();
  groups.add(group);
  tell(`group ${group}`);
}

export function forgetGroup(group: number): void {
  if (groups.delete(group)) tell(`gone ${group}`);
}

/** Temporary folders alone don't start the shell process: the exit handler suffices for most unit tests. */
export function watchDir(dir: string): void {
  hook();
  dirs.add(dir);
  if (pipe !== null) tell(`dir ${dir}`);
}

export function forgetDir(dir: string): void {
  if (dirs.delete(dir) && pipe !== null) tell(`gone-dir ${dir}`);
}

export function watchNamespace(name: string): void {
  hook();
  namespaces.add(name);
  tell(`netns ${name}`);
}

export function forgetNamespace(name: string): void {
  if (namespaces.delete(name)) tell(`gone-netns ${name}`);
}

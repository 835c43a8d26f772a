import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import type { Context } from "../context.ts";
import { CliError, type CliErrorCode, interrupted } from "../errors.ts";
import { profileOf } from "../profile.ts";
import { ensureStateDir } from "../session.ts";
import { clean } from "../ui/clean.ts";
import { DaemonClient, isAbsent } from "./client.ts";
import { PROGRAM } from "./process.ts";
import type { Connection } from "./reach.ts";

/** What a daemon in the background writes before it has a log, and its last words. */
const OUTPUT_FILE = "daemon.out";
/** How the one that runs was started, for its restart. */
const FLAGS_FILE = "daemon-flags.json";
const LOOK_EVERY_MS = 50;
/** With many transfers and a slow disk; a process that ends is noticed at once. */
const PATIENCE_MS = 120_000;
/** For another one that was started at the same moment, and has the lock. */
const TWIN_PATIENCE_MS = 20_000;

/** Starts `shoal daemon run` with `flags` as a process of its own, and waits until it answers. Throws what keeps it from running. */
export async function startInBackground(context: Context, flags: readonly string[]): Promise<Connection> {
  const profile = await profileOf(context, null);
  await ensureStateDir(context, profile.stateDir);
  const outputFile = join(profile.stateDir, OUTPUT_FILE);
  const child = await launch(context, flags, outputFile);
  const daemon = new DaemonClient({ type: "socket", path: profile.socket }, context.signal);
  const info = await answer(context, child, daemon, outputFile);
  if (info.pid === child.pid) await rememberFlags(profile.stateDir, { pid: info.pid, flags });
  context.note(
    info.pid === child.pid
      ? `Started shoal in the background (pid ${info.pid}). Stop: shoal daemon stop`
      : `Shoal runs in the background (pid ${info.pid}). Stop: shoal daemon stop`,
  );
  return { daemon, info };
}

/** The flags with which the process `pid` was started in the background; none when it was started otherwise. */
export async function flagsOf(context: Context, pid: number): Promise<readonly string[]> {
  const { stateDir } = await profileOf(context, null);
  try {
    const kept = JSON.parse(await readFile(join(stateDir, FLAGS_FILE), "utf8")) as Partial<KeptFlags>;
    const { flags } = kept;
    const isList = Array.isArray(flags) && flags.every((flag) => typeof flag === "string");
    return kept.pid === pid && isList ? flags : [];
  } catch {
    return [];
  }
}

interface KeptFlags {
  readonly pid: number;
  readonly flags: readonly string[];
}

async function rememberFlags(stateDir: string, kept: KeptFlags): Promise<void> {
  // A restart without them is a small loss.
  await writeFile(join(stateDir, FLAGS_FILE), `${JSON.stringify(kept)}\n`, { mode: 0o600 }).catch(
    () => undefined,
  );
}

async function launch(context: Context, flags: readonly string[], outputFile: string): Promise<ChildProcess> {
  const output = await open(outputFile, "w", 0o600);
  try {
    const child = spawn(process.execPath, [PROGRAM, "daemon", "run", "--json", ...flags], {
      cwd: context.cwd,
      env: { ...context.env },
      detached: true,
      windowsHide: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    child.unref();
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return child;
  } finally {
    await output.close();
  }
}

async function answer(
  context: Context,
  child: ChildProcess,
  daemon: DaemonClient,
  outputFile: string,
): Promise<Connection["info"]> {
  const begun = context.now();
  for (;;) {
    try {
      return await daemon.info();
    } catch (error) {
      if (context.signal.aborted)
        throw interrupted(context.signal, "The daemon may run now: shoal daemon status");
      if (!isAbsent(error)) throw error;
    }
    const waited = context.now() - begun;
    if (child.exitCode !== null || child.signalCode !== null) {
      const why = await lastWords(outputFile);
      if (why.code !== "ERR_LOCKED" || waited > TWIN_PATIENCE_MS) throw why;
    }
    if (waited > PATIENCE_MS) {
      throw new CliError(
        "ERR_DAEMON",
        `The daemon (pid ${child.pid}) was started, but does not answer`,
        `See why: ${clean(outputFile)}`,
      );
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** Why it ended: its own error event. */
async function lastWords(outputFile: string): Promise<CliError> {
  const text = await readFile(outputFile, "utf8").catch(() => "");
  for (const line of text.split("\n").toReversed()) {
    if (!line.startsWith("{")) continue;
    try {
      const { event, code, message } = JSON.parse(line) as Record<string, unknown>;
      if (event === "error" && typeof message === "string")
        return new CliError(String(code) as CliErrorCode, clean(message));
    } catch {
      // Cut off.
    }
  }
  return new CliError(
    "ERR_DAEMON",
    "The daemon ended as soon as it was started",
    "See why with: shoal daemon run",
  );
}

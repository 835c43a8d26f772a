import { homedir } from "node:os";

import { reportFault, runCommandLine } from "./cli.ts";
import type { Context, StopReason } from "./context.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/** Runs the command line of this process and leaves its exit code. */
export async function runProcess(): Promise<void> {
  const controller = new AbortController();
  const stop = (reason: StopReason): void => controller.abort(reason);
  for (const stream of [process.stdout, process.stderr]) surviveClosedPipe(stream);
  onSignal("SIGINT", () => stop("interrupt"), EXIT_CODES.interrupted.code);
  onSignal("SIGTERM", () => stop("terminate"), EXIT_CODES.terminated.code);
  if (process.platform !== "win32") onSignal("SIGHUP", () => stop("terminate"), 129);
  const context: Context = {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    home: process.env["HOME"] ?? homedir(),
    signal: controller.signal,
    stop,
    now: () => performance.now(),
    wallTime: () => Date.now(),
    engine: () => import("@shoal/engine"),
  };
  // Workers and sockets of the engine don't always hold the process; a command under way must.
  const alive = setInterval(() => undefined, 2 ** 30);
  const argv = process.argv.slice(2);
  // A fault in shoal itself, in a timer or an event. Nothing is lost: the journal claims only what was written.
  process.on("uncaughtException", (error) => process.exit(reportFault(argv, context, error)));
  process.on("exit", restoreTerminal);
  const code = await runCommandLine(argv, context);
  clearInterval(alive);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  // Not left to the event loop: a forgotten handle must not keep a finished command alive.
  process.exit(code);
}

/** `timeout` and some terminals send a signal to the process and to its group: that is one signal. */
const SAME_SIGNAL_MS = 500;

/** The first signal asks, the next one ends the process at once. */
function onSignal(signal: NodeJS.Signals, ask: () => void, code: number): void {
  let askedAt = -1;
  process.on(signal, () => {
    const now = performance.now();
    if (askedAt >= 0 && now - askedAt < SAME_SIGNAL_MS) return;
    if (askedAt >= 0) process.exit(code);
    askedAt = now;
    ask();
  });
}

/** Whatever ended the process: the cursor is visible again and keys are echoed. */
function restoreTerminal(): void {
  if (process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
  if (process.stderr.isTTY) process.stderr.write("\u001b[?25h");
}

/** A reader that went away (`| head`) is no fault of the command: what else it writes is dropped. */
function surviveClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed || stream.errored !== null) resolve();
    else stream.write("", () => resolve());
  });
}

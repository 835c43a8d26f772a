import { homedir } from "node:os";

import { reportFault, runCommandLine } from "./cli.ts";
import type { Context, StopReason } from "./context.ts";
import { CliError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/** Runs the command line of this process and leaves its exit code. */
export async function runProcess(): Promise<void> {
  const controller = new AbortController();
  const stop = (reason: StopReason): void => controller.abort(reason);
  const interrupts: (() => void)[] = [];
  onSignal("SIGINT", () => stop("interrupt"), EXIT_CODES.interrupted.code, interrupts);
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
    note: (line) => process.stderr.write(`${line}\n`),
    run: runCommandLine,
    onInterrupt: (handler) => {
      interrupts.push(handler);
      return () => void interrupts.splice(interrupts.indexOf(handler), 1);
    },
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
  surviveClosedPipe(process.stdout, (error) => process.exit(reportFault(argv, context, error)));
  // Nowhere is left to tell it.
  surviveClosedPipe(process.stderr, () => process.exit(EXIT_CODES.failure.code));
  const code = await runCommandLine(argv, context);
  clearInterval(alive);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  // Not left to the event loop: a forgotten handle must not keep a finished command alive.
  process.exit(code);
}

/** `timeout` and some terminals send a signal to the process and to its group: that is one signal. */
const SAME_SIGNAL_MS = 500;

/** Where somebody handles the signal, that is all; else the first one asks, the next one ends the process at once. */
function onSignal(
  signal: NodeJS.Signals,
  ask: () => void,
  code: number,
  handlers: readonly (() => void)[] = [],
): void {
  let askedAt = -1;
  process.on(signal, () => {
    const handler = handlers.at(-1);
    if (handler !== undefined) {
      handler();
      return;
    }
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

/**
 * A reader that went away (`| head`) is no fault of the command: what else it writes is dropped. Anything else (a full disk) means
 * that the result is lost.
 */
function surviveClosedPipe(stream: NodeJS.WriteStream, lost: (error: CliError) => void): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") lost(outputLost(error));
  });
}

function outputLost(error: NodeJS.ErrnoException): CliError {
  const full = error.code === "ENOSPC";
  const why = full ? "the disk is full" : (error.code ?? error.message);
  return new CliError(full ? "ERR_NO_SPACE" : "ERR_FILE_SYSTEM", `The output can't be written: ${why}`);
}

/** Resolves when everything is written, or can't be; errors of the last writes have been told by then. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed || stream.errored !== null) setImmediate(resolve);
    else stream.write("", () => setImmediate(resolve));
  });
}

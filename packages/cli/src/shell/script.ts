import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import type { Context } from "../context.ts";
import type { Interpreter } from "./interpreter.ts";

/** Runs the lines of stdin, up to the first that fails unless `set -k` says otherwise. Returns the exit code of the last one that failed. */
export async function runScript(context: Context, interpreter: Interpreter): Promise<number> {
  let failed = 0;
  const lines = createInterface({ input: context.stdin as unknown as Readable, crlfDelay: Infinity });
  for await (const line of lines) {
    // Commands have no stdin of their own: the rest of it is commands.
    const { code, leave } = await interpreter.interpret(line);
    if (code !== 0) failed = code;
    if (leave === "stop") return interpreter.stopDaemon();
    if (leave !== false || context.signal.aborted || (code !== 0 && !interpreter.keepsGoing)) break;
  }
  lines.close();
  return failed;
}

import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";

import type { GlobalOptions } from "../commands/option.ts";
import type { Context } from "../context.ts";
import type { Output } from "./output.ts";

/** Asks a yes-or-no question on stderr; Enter means yes, and so does -y. Null where nobody can answer. */
export async function confirm(
  context: Context,
  output: Output,
  options: GlobalOptions,
  question: string,
): Promise<boolean | null> {
  if (options.yes) return true;
  if (options.noInput || output.json || context.stdin.isTTY !== true || context.stderr.isTTY !== true)
    return null;
  const lines = createInterface({
    input: context.stdin as unknown as Readable,
    output: context.stderr as unknown as Writable,
  });
  try {
    const answer = await lines.question(`${question} [Y/n] `, { signal: context.signal });
    return /^\s*(?:y|yes)?\s*$/i.test(answer);
  } catch {
    // Ctrl-C.
    return false;
  } finally {
    lines.close();
  }
}

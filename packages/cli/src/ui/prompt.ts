import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";

import type { GlobalOptions } from "../commands/option.ts";
import type { Context } from "../context.ts";
import type { Output } from "./output.ts";

/** Somebody is there who can be asked. */
export function mayAsk(
  { stdin, stderr }: Context,
  output: Output,
  { noInput }: Pick<GlobalOptions, "noInput">,
): boolean {
  return !noInput && !output.json && stdin.isTTY === true && stderr.isTTY === true;
}

/** Asks on stderr, and returns the line typed; null after Ctrl-C. */
export async function ask(context: Context, question: string): Promise<string | null> {
  const lines = createInterface({
    input: context.stdin as unknown as Readable,
    output: context.stderr as unknown as Writable,
  });
  try {
    return (await lines.question(question, { signal: context.signal })).trim();
  } catch {
    return null;
  } finally {
    lines.close();
  }
}

/** Asks a yes-or-no question on stderr; Enter means yes, and so does -y. Null where nobody can answer. */
export async function confirm(
  context: Context,
  output: Output,
  options: GlobalOptions,
  question: string,
): Promise<boolean | null> {
  if (options.yes) return true;
  if (!mayAsk(context, output, options)) return null;
  const answer = await ask(context, `${question} [Y/n] `);
  return answer !== null && /^(?:y|yes)?$/i.test(answer);
}

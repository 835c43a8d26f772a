import { complete } from "../../completion/complete.ts";
import { knownCandidates } from "../../completion/known.ts";
import { SCRIPTS, type Shell, SHELLS } from "../../completion/scripts.ts";
import { usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import type { Command, Invocation, NoOptions } from "../command.ts";

/** `shoal completion SHELL`. */
export async function runCompletion({ output, args }: Invocation<NoOptions>): Promise<number> {
  const shell = args[0]!;
  if (!isShell(shell))
    throw usageError(`shoal has no completion for "${clean(shell)}"`, `There is: ${SHELLS.join(", ")}`);
  for (const line of SCRIPTS[shell].trimEnd().split("\n")) output.data(line);
  output.document({ shell, script: SCRIPTS[shell] });
  return 0;
}

/** `shoal complete -- WORDS…`. */
export async function runComplete(
  { context, output, args }: Invocation<NoOptions>,
  table: readonly Command[],
): Promise<number> {
  const { candidates, completes } = complete(args.length === 0 ? [""] : args, table);
  const known = completes === null ? [] : await knownCandidates(context, completes);
  const beginning = args.at(-1) ?? "";
  const all = [...candidates, ...known.filter(({ word }) => word.startsWith(beginning))];
  for (const { word, about } of all) output.data(`${word}\t${about}`);
  if (completes === "files") output.data(":files");
  output.document({ candidates: all, files: completes === "files" });
  return 0;
}

function isShell(word: string): word is Shell {
  return (SHELLS as readonly string[]).includes(word);
}

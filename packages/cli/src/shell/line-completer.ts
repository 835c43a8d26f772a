import { complete } from "../completion/complete.ts";
import type { Command, Completes } from "../commands/command.ts";
import { quoteWord, splitLine } from "./split-line.ts";

/** Names that only others know, such as those of transfers. */
export type KnownWords = (completes: Completes) => Promise<readonly string[]>;

/** What Tab makes of a line: whole words, and the end of the line that they stand for. */
export async function completeLine(
  line: string,
  table: readonly Command[],
  extra: readonly string[],
  known: KnownWords,
): Promise<readonly [readonly string[], string]> {
  const { words, isOpen, lastStart } = splitLine(line);
  const typed = isOpen ? words : [...words, ""];
  const beginning = typed.at(-1)!;
  const { candidates, completes } = complete(typed, table);
  const found = candidates.map(({ word }) => word);
  if (typed.length === 1) found.push(...extra.filter((word) => word.startsWith(beginning)));
  if (completes !== null)
    found.push(...(await known(completes)).filter((word) => word.startsWith(beginning)));
  const whole = found.map((word) =>
    word.endsWith("=") || word.endsWith("/") ? quoteWord(word) : `${quoteWord(word)} `,
  );
  return [[...new Set(whole)], line.slice(lastStart)];
}

import { fileMatcher } from "@shoal/schema/selection";

import type { FilePriority } from "../../engine.ts";
import { usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import type { PriorityRule } from "./priority-rule.ts";

/** Whether a file is meant. `number`: its place in the file list shown, from 1; `path`: below the download folder. */
type Selection = (number: number, path: string) => boolean;
/** How much a file is wanted: 0 not at all, 4 normal, 7 first. Arguments as of `Selection`; `index`: its place in the torrent. */
export type Wishes = (number: number, path: string, index: number) => FilePriority;

/**
 * What --select leaves, or without it what the link chooses, with the priorities of --priority; of several that fit a file the last one
 * counts.
 */
export function makeWishes(
  patterns: readonly string[],
  rules: readonly PriorityRule[],
  isChosen: (index: number) => boolean = () => true,
): Wishes {
  const isSelected = makeSelection(patterns);
  const levels = rules.map(({ pattern, priority }) => ({ fits: matcher(pattern, "--priority"), priority }));
  return (number, path, index) => {
    if (!(patterns.length > 0 ? isSelected(number, path) : isChosen(index))) return 0;
    return levels.findLast(({ fits }) => fits(number, path))?.priority ?? 4;
  };
}

/** Flags that fit none of the files, as they were written; `paths` in the order of the list shown. */
export function unmatchedFlags(
  patterns: readonly string[],
  rules: readonly PriorityRule[],
  paths: readonly string[],
): string[] {
  const flags = [
    ...patterns.map((pattern) => ({ flag: "--select", pattern, word: pattern })),
    ...rules.map(({ pattern, word }) => ({ flag: "--priority", pattern, word })),
  ];
  return flags
    .filter(({ flag, pattern }) => {
      const fits = matcher(pattern, flag);
      return !paths.some((path, at) => fits(at + 1, path));
    })
    .map(({ flag, word }) => `${flag} ${word}`);
}

/**
 * The meaning of --select: numbers ("3", "1,3-5") choose by place in the list, everything else is a pattern. A pattern
 * without a slash is compared with file names in every folder, one with a slash with the whole path, with and without the
 * torrent's own folder. The name of a folder, with or without a slash at its end, means all that is in it. Upper and lower case are the
 * same. Without patterns everything is wanted.
 */
export function makeSelection(patterns: readonly string[]): Selection {
  const matchers = patterns.map((pattern) => matcher(pattern, "--select"));
  return (number, path) => matchers.length === 0 || matchers.some((matches) => matches(number, path));
}

function matcher(pattern: string, flag: string): Selection {
  if (pattern.trim() === "") throw usageError(`${flag} needs a pattern such as '*.iso', or numbers`);
  try {
    return fileMatcher(pattern);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usageError(`${flag} ${clean(pattern)} can't be used: ${error.message}`);
  }
}

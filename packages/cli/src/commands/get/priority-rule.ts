import type { FilePriority } from "../../engine.ts";

/** The words of --priority. */
const LEVELS: Readonly<Record<string, FilePriority>> = { high: 7, normal: 4, low: 1, skip: 0 };

/** One --priority: files and how much they are wanted. */
export interface PriorityRule {
  readonly pattern: string;
  readonly priority: FilePriority;
  /** As it was written. */
  readonly word: string;
}

/** "*.nfo=low": the level is what follows the last "=". */
export function parsePriority(word: string): PriorityRule {
  const at = word.lastIndexOf("=");
  const priority = Object.hasOwn(LEVELS, word.slice(at + 1)) ? LEVELS[word.slice(at + 1)] : undefined;
  if (at < 1 || priority === undefined)
    throw new Error("write GLOB=high, GLOB=normal, GLOB=low or GLOB=skip");
  return { pattern: word.slice(0, at), priority, word };
}

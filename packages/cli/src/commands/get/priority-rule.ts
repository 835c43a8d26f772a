import type { FilePriority } from "../../engine.ts";

type Level = "high" | "normal" | "low" | "skip";

/** The words of --priority. */
const LEVELS: Readonly<Record<Level, FilePriority>> = { high: 7, normal: 4, low: 1, skip: 0 };

/** One --priority: files and how much they are wanted. */
export interface PriorityRule {
  readonly pattern: string;
  readonly level: Level;
  readonly priority: FilePriority;
  /** As it was written. */
  readonly word: string;
}

/** "*.nfo=low": the level is what follows the last "=". */
export function parsePriority(word: string): PriorityRule {
  const at = word.lastIndexOf("=");
  const level = word.slice(at + 1);
  if (at < 1 || !isLevel(level)) throw new Error("write GLOB=high, GLOB=normal, GLOB=low or GLOB=skip");
  return { pattern: word.slice(0, at), level, priority: LEVELS[level], word };
}

function isLevel(word: string): word is Level {
  return Object.hasOwn(LEVELS, word);
}

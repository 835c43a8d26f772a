import { clean } from "./clean.ts";

/** A word as it can be copied into a shell: in quotes where it needs them. */
export function shellWord(word: string): string {
  const shown = clean(word);
  return /^[\w@%+:,./~-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}

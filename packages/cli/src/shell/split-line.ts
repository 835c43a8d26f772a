/** A line as words. */
export interface SplitLine {
  readonly words: readonly string[];
  /** The last word may go on: nothing but it stands behind the last blank. */
  readonly isOpen: boolean;
  /** The quote that was not closed; null when all were. */
  readonly quote: '"' | "'" | null;
  /** Where the last word begins in the line. */
  readonly lastStart: number;
}

/** Words of a line as shells read it: blanks part them, "…", '…' and \ keep what they hold together, # at the start of a word begins a comment. */
export function splitLine(line: string): SplitLine {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  let lastStart = line.length;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!;
    if (quote === null && /\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    if (quote === null && word === null) {
      if (letter === "#") return { words, isOpen: false, quote, lastStart: line.length };
      lastStart = at;
    }
    word ??= "";
    if (letter === quote) quote = null;
    else if (quote === null && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === "\\" && quote !== "'" && at + 1 < line.length && isEscapable(line[at + 1]!, quote))
      word += line[++at]!;
    else word += letter;
  }
  if (word === null) return { words, isOpen: false, quote, lastStart: line.length };
  return { words: [...words, word], isOpen: true, quote, lastStart };
}

/** In quotes a backslash is itself, unless it stands before what ends them; else before a blank, a quote, # or another one, so that paths of Windows stay. */
function isEscapable(letter: string, quote: '"' | null): boolean {
  return quote === '"' ? letter === '"' || letter === "\\" : /[\s"'\\#]/.test(letter);
}

/** A word so that `splitLine` reads it as one. */
export function quoteWord(word: string): string {
  if (word !== "" && !/[\s"'\\]|^#/.test(word)) return word;
  return word.includes("'") ? `"${word.replace(/["\\]/g, "\\$&")}"` : `'${word}'`;
}

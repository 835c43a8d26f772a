import { GLOBAL_OPTIONS } from "./option.ts";

/** Position of the first word that is not a flag nor the value of a global one; -1 when there is none. */
export function firstWord(argv: readonly string[]): number {
  const valued = Object.values(GLOBAL_OPTIONS)
    .filter((spec) => spec.parse !== null)
    .flatMap((spec) => spec.flags.split(/, | </).filter((word) => word.startsWith("-")));
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === "--") return at + 1 < argv.length ? at + 1 : -1;
    if (!word.startsWith("-") || word === "-") return at;
    if (valued.includes(word)) at++;
  }
  return -1;
}

/** A word that can only mean "get this": a magnet link, a web address, an info-hash, a .torrent file. */
export function isGettable(word: string): boolean {
  return /^magnet:/i.test(word) || /^https?:\/\//i.test(word) || /\.torrent$/i.test(word) || isInfoHash(word);
}

/** v1 in hex or base32, v2 in hex, with or without its multihash prefix. */
export function isInfoHash(word: string): boolean {
  return /^(?:[0-9a-f]{40}|[a-z2-7]{32}|(?:1220)?[0-9a-f]{64})$/i.test(word);
}

/** At least six digits of the id of a file; whole ones of v1 torrents have the number of the file behind a colon. */
export function isFileId(word: string): boolean {
  return /^(?:[0-9a-f]{6,64}|[0-9a-f]{40}:\d{1,7})$/i.test(word);
}

/** The candidate most like `word`, or null when none is near: at most a third of its letters differ. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

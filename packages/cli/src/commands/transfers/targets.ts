import type { Torrent } from "@shoal/schema";

import { CliError, usageError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";

/** Shortest prefix of an info-hash that names a transfer. */
const MIN_PREFIX = 6;

const GROUPS: Readonly<Record<string, (torrent: Torrent) => boolean>> = {
  all: () => true,
  active: ({ downRate, upRate }) => downRate > 0 || upRate > 0,
  done: ({ state }) => state === "seeding" || state === "finished",
  failed: ({ state }) => state === "error",
};

/**
 * The transfers that words name: a number from `list`, numbers and ranges such as 1,3-5, the beginning of an info-hash, a name, a @label, or
 * one of all, active, done and failed. In the order of the list, each once. Throws ERR_NOT_FOUND for a word that names none.
 */
export function findTargets(words: readonly string[], torrents: readonly Torrent[]): Torrent[] {
  const found = new Set<Torrent>();
  for (const word of words) {
    const named = targetsOf(word, torrents);
    // A group may be empty; whoever named one transfer meant one.
    if (named.length === 0 && GROUPS[word.toLowerCase()] === undefined) {
      throw new CliError(
        "ERR_NOT_FOUND",
        `There is no transfer "${clean(word)}"`,
        "See what there is with: shoal list",
      );
    }
    for (const torrent of named) found.add(torrent);
  }
  return torrents.filter((torrent) => found.has(torrent));
}

function targetsOf(word: string, torrents: readonly Torrent[]): Torrent[] {
  const group = GROUPS[word.toLowerCase()];
  if (group !== undefined) return torrents.filter(group);
  if (word.startsWith("@")) return torrents.filter(({ labels }) => labels.includes(word.slice(1)));
  if (/^\d+([,-]\d+)*$/.test(word)) return byNumbers(word, torrents);
  const named = torrents.filter(({ name }) => name === word);
  if (named.length > 0) return named;
  const prefix = word.toLowerCase();
  if (prefix.length < MIN_PREFIX || !/^[0-9a-f]+$/.test(prefix)) return [];
  const begun = torrents.filter(({ v1, v2 }) => [v1, v2].some((hash) => hash?.startsWith(prefix) === true));
  if (begun.length > 1) {
    throw usageError(
      `"${prefix}" is the beginning of ${begun.length} info-hashes`,
      "Give more of it, or the number from: shoal list",
    );
  }
  return begun;
}

/** "1,3-5"; every part has to name something. */
function byNumbers(word: string, torrents: readonly Torrent[]): Torrent[] {
  const found: Torrent[] = [];
  for (const part of word.split(",")) {
    const [first = 0, last = first] = part.split("-").map(Number);
    const within = torrents.filter(({ id }) => id >= first && id <= last);
    if (within.length === 0) return [];
    found.push(...within);
  }
  return found;
}

import type { Torrent } from "@shoal/schema";

import { CliError } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { count } from "../../ui/sizes.ts";
import { nearest } from "../guess.ts";

/** What words are compared with. */
export type Named = Pick<Torrent, "id" | "name" | "v1" | "v2" | "labels" | "state" | "downRate" | "upRate">;

/** What words mean: the transfers, in the order of the list and each once, and what is wrong with the words that mean none. */
export interface Targets<T extends Named> {
  readonly found: readonly T[];
  readonly missing: readonly CliError[];
}

/** Shortest prefix of an info-hash that names a transfer. */
const MIN_PREFIX = 6;
const NUMBERS = /^\d{1,15}(-\d{1,15})?(,\d{1,15}(-\d{1,15})?)*$/;
/** Of several that are meant, so many are shown. */
const SHOWN = 4;

const SETS: Readonly<Record<string, (torrent: Named) => boolean>> = {
  all: () => true,
  active: ({ downRate, upRate }) => downRate > 0 || upRate > 0,
  done: ({ state }) => state === "seeding" || state === "finished",
  failed: ({ state }) => state === "error",
};

/**
 * The transfers that words name: a number from `list`, numbers and ranges such as 1,3-5, a name, the beginning of an info-hash, a @label, or one of
 * all, active, done and failed. What looks like a number is one first, then a name, then an info-hash.
 */
export function findTargets<T extends Named>(words: readonly string[], torrents: readonly T[]): Targets<T> {
  const found = new Set<T>();
  const missing: CliError[] = [];
  for (const word of words) {
    const meant = meaning(word, torrents);
    for (const torrent of meant.found) found.add(torrent);
    missing.push(...meant.missing);
  }
  return { found: torrents.filter((torrent) => found.has(torrent)), missing };
}

/** The one transfer that a word names. Throws ERR_NOT_FOUND when there is none, or more than one. */
export function findTarget<T extends Named>(word: string, torrents: readonly T[]): T {
  const { found, missing } = findTargets([word], torrents);
  if (missing[0] !== undefined) throw missing[0];
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw ambiguous(`"${clean(word)}" means`, found);
  throw new CliError(
    "ERR_NOT_FOUND",
    `No transfer is "${clean(word)}"`,
    "See what there is with: shoal list",
  );
}

function meaning<T extends Named>(word: string, torrents: readonly T[]): Targets<T> {
  const set = Object.hasOwn(SETS, word.toLowerCase()) ? SETS[word.toLowerCase()] : undefined;
  // A set may be empty; whoever names one transfer means one.
  if (set !== undefined) return { found: torrents.filter(set), missing: [] };
  const named = torrents.filter(({ name }) => name === word);
  if (NUMBERS.test(word)) {
    const byNumber = numbered(word, torrents);
    if (byNumber.found.length > 0 || (named.length === 0 && !isPrefix(word))) return byNumber;
  }
  if (named.length === 1) return { found: named, missing: [] };
  if (named.length > 1) return nothing(ambiguous(`"${clean(word)}" is the name of`, named));
  if (/^[@%]./.test(word)) return marked(word, torrents);
  const hash = word.toLowerCase();
  const begun = isPrefix(word)
    ? torrents.filter(({ v1, v2 }) => v1?.startsWith(hash) === true || v2?.startsWith(hash) === true)
    : [];
  if (begun.length === 1) return { found: begun, missing: [] };
  if (begun.length > 1) return nothing(ambiguous(`"${clean(word)}" begins the info-hash of`, begun));
  return nothing(unknown(word, torrents));
}

function isPrefix(word: string): boolean {
  return word.length >= MIN_PREFIX && /^[0-9a-f]+$/i.test(word);
}

/** "@films": a label. "%team": a group, of which there are none. */
function marked<T extends Named>(word: string, torrents: readonly T[]): Targets<T> {
  const shown = clean(word.slice(1));
  if (word.startsWith("%")) return nothing(new CliError("ERR_NOT_FOUND", `There is no group "${shown}"`));
  const found = torrents.filter(({ labels }) => labels.includes(word.slice(1)));
  if (found.length > 0) return { found, missing: [] };
  const known = [...new Set(torrents.flatMap(({ labels }) => labels.map(clean)))];
  const advice = known.length === 0 ? "No transfer has any." : `Labels there are: ${known.join(", ")}.`;
  return nothing(new CliError("ERR_NOT_FOUND", `No transfer has the label "${shown}"`, advice));
}

/** "1,3-5": each part has to name something. */
function numbered<T extends Named>(word: string, torrents: readonly T[]): Targets<T> {
  const found: T[] = [];
  const missing: CliError[] = [];
  for (const part of word.split(",")) {
    const [first = 0, last = first] = part.split("-").map(Number);
    const within = torrents.filter(({ id }) => id >= first && id <= last);
    if (within.length === 0) missing.push(unknown(part, torrents));
    found.push(...within);
  }
  return { found, missing };
}

function unknown(word: string, torrents: readonly Named[]): CliError {
  const match = nearest(
    word,
    torrents.map(({ name }) => name),
  );
  const advice = match === null ? "See what there is with: shoal list" : `Did you mean "${clean(match)}"?`;
  return new CliError("ERR_NOT_FOUND", `There is no transfer "${clean(word)}"`, advice);
}

function ambiguous(what: string, meant: readonly Named[]): CliError {
  const shown = meant.slice(0, SHOWN).map(({ id, name }) => `${id} (${clean(name)})`);
  const rest = meant.length > SHOWN ? `, and ${meant.length - SHOWN} more` : "";
  return new CliError(
    "ERR_NOT_FOUND",
    `${what} ${count(meant.length, "transfer")}: ${shown.join(", ")}${rest}`,
    "Name one by its number.",
  );
}

function nothing(error: CliError): { readonly found: []; readonly missing: readonly CliError[] } {
  return { found: [], missing: [error] };
}

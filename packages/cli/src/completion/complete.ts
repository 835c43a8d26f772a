import type { Command, Completes } from "../commands/command.ts";
import { GLOBAL_OPTIONS, type OptionSpec, type OptionSpecs } from "../commands/option.ts";

/** A word that may stand next, and what it is. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** null: nothing besides. */
  readonly completes: Completes | null;
}

const NOTHING: Completion = { candidates: [], completes: null };
const FILES: Completion = { candidates: [], completes: "files" };
const HELP_FLAGS = { "-h": "help", "--help": "help", "-V": "the version", "--version": "the version" };

/** What may stand in place of the last of `words`, which follow "shoal" on a command line; the last one may be empty or a beginning. */
export function complete(words: readonly string[], table: readonly Command[]): Completion {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (before.includes("--"))
    return completeArgument(
      before.filter((word) => word !== "--"),
      table,
    );
  const { command, rest } = findCommand(before, table);
  const options: OptionSpecs = { ...GLOBAL_OPTIONS, ...command?.options };
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (flag !== undefined) return prefixed(`${flag}=`, completeValue(optionOf(flag, options)), value!);
  const last = before.at(-1);
  const open = last === undefined || !last.startsWith("-") ? undefined : optionOf(last, options);
  if (open !== undefined && open.parse !== null) return started(completeValue(open), current);
  if (current.startsWith("-")) return started({ candidates: flagsOf(options), completes: null }, current);
  if (command === undefined) return started(nextWords(rest, table), current);
  return started(completeArgument(before, table), current);
}

function completeArgument(before: readonly string[], table: readonly Command[]): Completion {
  const { command, rest } = findCommand(before, table);
  const specs = command?.arguments ?? [];
  const spec = specs[rest.length] ?? (specs.at(-1)?.many === true ? specs.at(-1) : undefined);
  if (spec?.completes === "commands") return { candidates: allWords(rest, table), completes: null };
  const candidates = (spec?.choices ?? []).map((word) => ({ word, about: "" }));
  return spec === undefined ? NOTHING : { candidates, completes: spec.completes ?? null };
}

/** The command that the words name, and the arguments that follow its name. */
function findCommand(
  words: readonly string[],
  table: readonly Command[],
): { command?: Command; rest: string[] } {
  const plain = withoutFlags(words, table);
  for (const length of [2, 1]) {
    const name = plain.slice(0, length).join(" ");
    const command = table.find((known) => known.name === name);
    if (command !== undefined && plain.length >= length) return { command, rest: plain.slice(length) };
  }
  return { rest: plain };
}

/** Flags and their values may stand anywhere. */
function withoutFlags(words: readonly string[], table: readonly Command[]): string[] {
  const all: OptionSpecs = Object.assign(
    {},
    GLOBAL_OPTIONS,
    ...table.map(({ options }) => options),
  ) as OptionSpecs;
  return words.filter((word, at) => {
    if (word.startsWith("-") && word !== "-") return false;
    const previous = words[at - 1];
    if (previous === undefined || !previous.startsWith("-") || previous.includes("=")) return true;
    return (optionOf(previous, all)?.parse ?? null) === null;
  });
}

/** First words, or the second ones of a noun. */
function nextWords(typed: readonly string[], table: readonly Command[]): Completion {
  const candidates = allWords(typed, table);
  // A link, a .torrent file or anything to share may stand in place of a command.
  return typed.length === 0 ? { candidates, completes: "files" } : { candidates, completes: null };
}

function allWords(typed: readonly string[], table: readonly Command[]): Candidate[] {
  const found = new Map<string, string>();
  for (const { name, summary, hidden } of table) {
    const words = name.split(" ");
    if (hidden === true || typed.some((word, at) => word !== words[at])) continue;
    const word = words[typed.length];
    if (word === undefined) continue;
    found.set(word, words.length > typed.length + 1 ? `${word} …` : summary);
  }
  return [...found].map(([word, about]) => ({ word, about }));
}

function flagsOf(options: OptionSpecs): Candidate[] {
  const flags = Object.values(options)
    .filter(({ hidden }) => !hidden)
    .flatMap(({ flags: text, description }) => namesOf(text).map((word) => ({ word, about: description })));
  return [...flags, ...Object.entries(HELP_FLAGS).map(([word, about]) => ({ word, about }))];
}

function optionOf(flag: string, options: OptionSpecs): OptionSpec<unknown> | undefined {
  return Object.values(options).find(({ flags }) => namesOf(flags).includes(flag));
}

/** "-o, --output <dir>" → -o and --output. */
function namesOf(flags: string): string[] {
  return flags.split(/, | /).filter((word) => word.startsWith("-"));
}

function completeValue(option: OptionSpec<unknown> | undefined): Completion {
  if (option === undefined) return NOTHING;
  if (option.choices.length > 0)
    return { candidates: option.choices.map((word) => ({ word, about: "" })), completes: null };
  return /<(?:dir|file|path)>/.test(option.flags) ? FILES : NOTHING;
}

function started({ candidates, completes }: Completion, beginning: string): Completion {
  return { candidates: candidates.filter(({ word }) => word.startsWith(beginning)), completes };
}

function prefixed(prefix: string, completion: Completion, beginning: string): Completion {
  const { candidates, completes } = started(completion, beginning);
  return { candidates: candidates.map(({ word, about }) => ({ word: prefix + word, about })), completes };
}

import { Command as Parser, CommanderError, Option } from "commander";

import type { CliError } from "../errors.ts";
import { usageError } from "../errors.ts";
import { clean } from "../ui/clean.ts";
import type { Command } from "./command.ts";
import { GLOBAL_OPTIONS } from "./option.ts";
import type { GlobalOptions, OptionSpecs } from "./option.ts";

/** What a command line asks for. */
export type Parsed =
  | {
      readonly type: "run";
      readonly command: Command;
      readonly args: readonly string[];
      readonly options: Readonly<Record<string, unknown>>;
      /** See `Invocation`. */
      readonly flags: readonly string[];
    }
  /** `topic`: the name of a command or noun; empty for shoal itself. */
  | { readonly type: "help"; readonly topic: string }
  | { readonly type: "version" }
  | { readonly type: "bare" };

const GLOBAL_SPECS = GLOBAL_OPTIONS as unknown as OptionSpecs;

/** Options by their key, as given so far. */
type Given = Map<string, unknown[]>;

/** Reads `argv` (without node and script) by the table. Throws CliError ERR_USAGE. */
export function parseCommandLine(argv: readonly string[], table: readonly Command[]): Parsed {
  const words = markSigned(argv, table);
  const given: Given = new Map();
  const found: { parsed: Parsed } = { parsed: { type: "bare" } };
  const program = silent(new Parser("shoal"));
  program.option("-V, --version", "print the version");
  program.on("option:version", () => {
    throw new Answer({ type: "version" });
  });
  addOptions(program, GLOBAL_SPECS, given);
  program.action(() => undefined);
  answerHelp(program, "");
  const nouns = new Map<string, Parser>();
  for (const command of table) {
    const words = command.name.split(" ");
    const verb = words[words.length - 1] as string;
    const noun = words.length > 1 ? (words[0] as string) : null;
    const parser = silent(new Parser(verb));
    if (command.alias !== undefined) parser.alias(command.alias);
    for (const { name, optional, many } of command.arguments) {
      const inner = `${name}${many === true ? "..." : ""}`;
      parser.argument(optional === true ? `[${inner}]` : `<${inner}>`);
    }
    const flags: string[] = [];
    addOptions(parser, GLOBAL_SPECS, given);
    addOptions(parser, command.options, given, flags);
    answerHelp(parser, command.name);
    parser.action(() => {
      const options = { ...collect(GLOBAL_SPECS, given), ...collect(command.options, given) };
      found.parsed = { type: "run", command, args: parser.args.map(unmarkSigned), options, flags };
    });
    parent(program, nouns, noun).addCommand(parser);
  }
  try {
    program.parse(words, { from: "user" });
  } catch (error) {
    if (error instanceof Answer) return error.parsed;
    if (error instanceof CommanderError) throw explain(error, argv, table);
    throw error;
  }
  return found.parsed;
}

/** The global options alone, for what has to be shown before or without a successful parse. Never throws. */
export function globalOptions(argv: readonly string[]): GlobalOptions {
  const given: Given = new Map();
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  for (const [key, spec] of Object.entries(GLOBAL_SPECS)) {
    const names = spec.flags.split(/, | </).filter((word) => word.startsWith("-"));
    words.forEach((word, at) => {
      const [name = "", attached] = word.startsWith("--") ? word.split(/=(.*)/s) : [word];
      const short = spec.parse === null && /^-[a-zA-Z]+$/.test(word) && names[0]?.length === 2;
      const times = short
        ? word.split((names[0] as string).charAt(1)).length - 1
        : Number(names.includes(name));
      for (let n = 0; n < times; n++) {
        try {
          push(given, key, spec.parse === null ? true : spec.parse(attached ?? words[at + 1] ?? ""));
        } catch {
          // The parser complains about it in its own time.
        }
      }
    });
  }
  return collect(GLOBAL_SPECS, given) as unknown as GlobalOptions;
}

/** A minus sign, in place of the hyphen by which the parser knows a flag. */
const MINUS = "\u2212";
const SHORT_FLAGS = /^-(h|q|y|v+|o)$/;

function markSigned(argv: readonly string[], table: readonly Command[]): string[] {
  const named = argv.filter((word) => !word.startsWith("-"));
  const isSigned = table.some(({ name, signedWords }) => {
    return signedWords === true && name === named.slice(0, 2).join(" ");
  });
  if (!isSigned) return [...argv];
  return argv.map((word) =>
    /^-[^-]/.test(word) && !SHORT_FLAGS.test(word) ? `${MINUS}${word.slice(1)}` : word,
  );
}

function unmarkSigned(word: string): string {
  return word.startsWith(MINUS) ? `-${word.slice(1)}` : word;
}

/** `--json=a,b` becomes two flags: `--json` itself must never take the next word as its value. */
export function splitJsonFields(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.flatMap((word, at) =>
    word.startsWith("--json=") && (end < 0 || at < end) ? ["--json", "--json-fields", word.slice(7)] : [word],
  );
}

/** Ends the parse from inside a listener. */
class Answer extends Error {
  readonly parsed: Parsed;

  constructor(parsed: Parsed) {
    super(parsed.type);
    this.parsed = parsed;
  }
}

function silent(parser: Parser): Parser {
  return parser
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .helpCommand(false)
    .allowExcessArguments(false);
}

/** -h wins over everything, missing arguments included. */
function answerHelp(parser: Parser, topic: string): void {
  parser.helpOption("-h, --help");
  parser.helpInformation = () => {
    throw new Answer({ type: "help", topic });
  };
}

function parent(program: Parser, nouns: Map<string, Parser>, noun: string | null): Parser {
  if (noun === null) return program;
  const known = nouns.get(noun);
  if (known !== undefined) return known;
  const parser = silent(new Parser(noun));
  answerHelp(parser, noun);
  parser.argument("[command]");
  parser.action((word: string | undefined) => {
    if (word === undefined) throw new Answer({ type: "help", topic: noun });
    throw new UnknownWord(noun, word);
  });
  nouns.set(noun, parser);
  program.addCommand(parser);
  return parser;
}

/** A word after a noun that is none of its commands. */
class UnknownWord extends CommanderError {
  readonly noun: string;
  readonly word: string;

  constructor(noun: string, word: string) {
    super(2, "shoal.unknownWord", word);
    this.noun = noun;
    this.word = word;
  }
}

function addOptions(parser: Parser, specs: OptionSpecs, given: Given, flags: string[] = []): void {
  for (const [key, spec] of Object.entries(specs)) {
    const option = new Option(spec.flags, spec.description);
    parser.addOption(option);
    parser.on(`option:${option.name()}`, (word: string) => {
      if (spec.parse === null) {
        push(given, key, true);
        flags.push(`--${option.name()}`);
        return;
      }
      try {
        push(given, key, spec.parse(word));
        // In one word: a value may begin with "-".
        flags.push(`--${option.name()}=${word}`);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        throw usageError(`--${option.name()} ${clean(word)} can't be used: ${error.message}`);
      }
    });
  }
}

function push(given: Given, key: string, value: unknown): void {
  const values = given.get(key);
  if (values === undefined) given.set(key, [value]);
  else values.push(value);
}

function collect(specs: OptionSpecs, given: Given): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(specs).map(([key, spec]) => [key, spec.collect(given.get(key) ?? [])]),
  );
}

/** The parser's complaint in our words. */
function explain(error: CommanderError, argv: readonly string[], table: readonly Command[]): CliError {
  const topic = table.find(({ name }) => argv.join(" ").includes(name))?.name;
  const help = `See: shoal ${topic === undefined ? "" : `${topic} `}--help`;
  if (error instanceof UnknownWord) {
    const verbs = table
      .filter(({ name }) => name.startsWith(`${error.noun} `))
      .map(({ name }) => name.split(" ")[1] ?? "");
    return usageError(
      `"${clean(error.word)}" is not a command of shoal ${error.noun}`,
      `Choose from: ${verbs.join(", ")}.`,
    );
  }
  const lines = error.message.replace(/^error: /, "").split("\n");
  const hint = /Did you mean (.*)\?/.exec(lines[1] ?? "")?.[1];
  const words = clean(lines[0] ?? "")
    .replaceAll("'", '"')
    .replace(/^./, (first) => first.toUpperCase());
  return usageError(words, hint === undefined ? `${help}` : `Did you mean ${hint}? ${help}`);
}

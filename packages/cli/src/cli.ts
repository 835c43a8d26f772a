import { stat } from "node:fs/promises";
import { resolve } from "node:path";

import { COMMANDS } from "./commands/table.ts";
import { firstWord, isGettable, nearest } from "./commands/guess.ts";
import type { GlobalOptions } from "./commands/option.ts";
import { globalOptions, parseCommandLine, splitJsonFields } from "./commands/parse.ts";
import type { Context } from "./context.ts";
import { interrupted, toFailure, usageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { userPath } from "./paths.ts";
import { clean } from "./ui/clean.ts";
import { Output } from "./ui/output.ts";
import { confirm } from "./ui/prompt.ts";
import { readVersion } from "./version.ts";

/** Runs one command line (without node and script) and returns its exit code. Never throws. */
export async function runCommandLine(argv: readonly string[], outside: Context): Promise<number> {
  const words = splitJsonFields(argv);
  const options = globalOptions(words);
  const output = await Output.open(outside, options);
  const context: Context = {
    ...outside,
    env: flagsOverEnvironment(outside, options),
    note: (line) => output.note(line),
    run: runCommandLine,
  };
  const timer = options.timeout === null ? null : setTimeout(() => context.stop("timeout"), options.timeout);
  try {
    return await dispatch(words, context, output, options);
  } catch (error) {
    // Whoever waited for an answer has not had it.
    const isCut = outside.signal.aborted && error instanceof Error && error.name === "AbortError";
    return report(output, isCut ? interrupted(outside.signal, "") : error);
  } finally {
    if (timer !== null) clearTimeout(timer);
    output.done();
  }
}

/** The environment with what the global flags say in place of it: who reads one knows the other, and so do processes that are started. */
function flagsOverEnvironment(
  context: Context,
  { daemon, tokenFile, profile, config, noStart }: GlobalOptions,
): Context["env"] {
  return {
    ...context.env,
    ...(daemon === null ? {} : { SHOAL_DAEMON: daemon }),
    ...(tokenFile === null ? {} : { SHOAL_TOKEN_FILE: userPath(context, tokenFile) }),
    ...(profile === null ? {} : { SHOAL_PROFILE: profile }),
    ...(config === null ? {} : { SHOAL_CONFIG: userPath(context, config) }),
    ...(noStart ? { SHOAL_NO_START: "1" } : {}),
  };
}

/** Tells of an error that no command caught, and returns the exit code. */
export function reportFault(argv: readonly string[], context: Context, error: unknown): number {
  return report(new Output(context, globalOptions(splitJsonFields(argv))), error);
}

function report(output: Output, error: unknown): number {
  const failure = toFailure(error);
  output.failure(failure);
  // Where an expected failure came from helps nobody but its programmer.
  const wanted = failure.code === "ERR_INTERNAL" ? 1 : 2;
  if (output.verbosity >= wanted && error instanceof Error) {
    for (const line of (error.stack ?? "").split("\n")) output.note(clean(line));
  }
  return failure.exit;
}

async function dispatch(
  words: readonly string[],
  context: Context,
  output: Output,
  options: GlobalOptions,
): Promise<number> {
  const meant = await withCommand(words, context, output, options);
  if (meant === null) return EXIT_CODES.ok.code;
  const parsed = parseCommandLine(meant, COMMANDS);
  switch (parsed.type) {
    case "run":
      return parsed.command.run(context, output, parsed.args, parsed.options, parsed.flags);
    case "version":
      output.data(`shoal ${readVersion()}`);
      output.document({ version: readVersion() });
      return 0;
    case "help":
    case "bare": {
      const { helpPage } = await import("./commands/help.ts");
      const { showStart } = await import("./commands/start-screen.ts");
      const lines =
        parsed.type === "bare"
          ? await showStart(context, output)
          : (helpPage(parsed.topic, COMMANDS, output.style) ?? []);
      for (const line of lines) output.data(line);
      output.document({ help: lines });
      return 0;
    }
  }
}

/** `words` with the command that a bare link or path means put before it; null when the person asked said no. */
async function withCommand(
  words: readonly string[],
  context: Context,
  output: Output,
  options: GlobalOptions,
): Promise<readonly string[] | null> {
  const at = firstWord(words);
  const word = at < 0 ? undefined : words[at];
  const known = COMMANDS.flatMap(({ name, alias }) => [
    name.split(" ")[0] as string,
    ...(alias === undefined ? [] : [alias]),
  ]);
  if (word !== undefined && known.includes(word)) checkVerb(word, words[at + 1]);
  if (word === undefined || known.includes(word)) return words;
  if (isGettable(word) || word === "-") return words.toSpliced(at, 0, "get");
  const path = resolve(context.cwd, word);
  if (await exists(path)) {
    const shown = clean(word);
    const question = `Share ${shown} with other people?`;
    const answer = await confirm(context, output, options, question);
    if (answer === true) return words.toSpliced(at, 0, "send");
    if (answer === false) return null;
    throw usageError(`"${shown}" is a file or folder, not a command`, `To share it: shoal send ${shown}`);
  }
  const match = nearest(word, known);
  throw usageError(
    `"${clean(word)}" is not a command, a link or a file`,
    match === null ? "All commands: shoal help" : `Did you mean: shoal ${match}?`,
  );
}

/** Throws ERR_USAGE with the nearest match when `noun` has no command `verb`. */
function checkVerb(noun: string, verb: string | undefined): void {
  const verbs = COMMANDS.filter(({ name }) => name.startsWith(`${noun} `)).map(({ name }) =>
    name.slice(noun.length + 1),
  );
  if (verbs.length === 0 || verb === undefined || verb.startsWith("-") || verbs.includes(verb)) return;
  const match = nearest(verb, verbs);
  throw usageError(
    `"${clean(verb)}" is not a command of shoal ${noun}`,
    match === null ? `There are: ${verbs.join(", ")}` : `Did you mean: shoal ${noun} ${match}?`,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

import type { Context } from "../context.ts";
import type { ExitName } from "../exit-codes.ts";
import type { Output } from "../ui/output.ts";
import type { GlobalOptions, OptionSpecs, SpecsOf } from "./option.ts";

/** What a shell may offer in place of an argument, which the table does not know. */
export type Completes = "files" | "transfers" | "settings" | "commands";

/** A word after the command's name: "path", "thing". */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  /** Words that may stand there, where that is all. */
  readonly choices?: readonly string[];
  /** What a shell may offer there. */
  readonly completes?: Completes;
  /** Only the last one: takes all the remaining words. */
  readonly many?: boolean;
}

/** A command line that works as it stands in a folder with the files it names, and what it is for. */
export interface Example {
  readonly line: string;
  readonly about: string;
}

/** Of a command that has only the global flags. */
export type NoOptions = Readonly<Record<never, never>>;

/** What a command is called and takes; help, completion and the manual are made from it. Has no code of its own, so it loads fast. */
export interface Declaration<Options> {
  /** "get", or with the noun before it "torrent create". */
  readonly name: string;
  /** A shorter word for the same. */
  readonly alias?: string;
  readonly summary: string;
  /** Paragraphs for its help page. */
  readonly about: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly options: SpecsOf<Options>;
  readonly examples: readonly Example[];
  /** Beside ok, failure and usage. */
  readonly exits: readonly ExitName[];
  /** For programs: not in the help. */
  readonly hidden?: true;
  /** Words may begin with "-" and mean something by that: "-new". */
  readonly signedWords?: true;
}

/** What the code behind a command gets. */
export interface Invocation<Options> {
  readonly context: Context;
  readonly output: Output;
  readonly args: readonly string[];
  readonly options: Options & GlobalOptions;
  /** The command's own flags with their values, as they were written: to be handed on to another process. */
  readonly flags: readonly string[];
}

/** Returns the exit code; failures are thrown. */
export type Handler<Options> = (invocation: Invocation<Options>) => Promise<number>;

/** A declaration with its code, loaded on first use; the type of its options is sealed inside. */
export interface Command extends Omit<Declaration<unknown>, "options"> {
  readonly options: OptionSpecs;
  run(
    context: Context,
    output: Output,
    args: readonly string[],
    options: Readonly<Record<string, unknown>>,
    flags: readonly string[],
  ): Promise<number>;
}

/** Joins a declaration with its handler. */
export function command<Options>(
  declaration: Declaration<Options>,
  load: () => Promise<Handler<Options>>,
): Command {
  return {
    ...declaration,
    run: async (context, output, args, options, flags) => {
      const handler = await load();
      // The parser collected `options` with exactly these specs.
      return handler({ context, output, args, options: options as Options & GlobalOptions, flags });
    },
  };
}

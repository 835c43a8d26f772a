import type { Declaration } from "../command.ts";
import { type SpecsOf, text } from "../option.ts";

export const PAGES = ["shoal", "shoal-config"] as const;

export interface ManOptions {
  readonly output: string | null;
}

const MAN_OPTIONS: SpecsOf<ManOptions> = {
  output: text(
    "-o, --output <dir>",
    "write the pages into this folder (man1 and man5 in it), to install them",
  ),
};

export const manDeclaration: Declaration<ManOptions> = {
  name: "man",
  summary: "the manual: shoal, or shoal-config with all settings",
  about: ["On a terminal the page is shown by man; else it is printed in roff."],
  arguments: [
    { name: "page", description: "shoal (the default) or shoal-config", optional: true, choices: PAGES },
  ],
  options: MAN_OPTIONS,
  examples: [
    { line: "shoal man", about: "everything about all commands" },
    { line: "shoal man -o share/man", about: "the pages as files" },
  ],
  exits: ["fileSystem"],
};

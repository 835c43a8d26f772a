import type { Declaration } from "../command.ts";
import { choice, flag, type SpecsOf } from "../option.ts";

export type SearchPlace = "list" | "history";

export interface SearchOptions {
  readonly in: SearchPlace | null;
}

const SEARCH_OPTIONS: SpecsOf<SearchOptions> = {
  in: choice<SearchPlace, null>(
    "--in <place>",
    "only there: list (the transfers) or history",
    ["list", "history"],
    null,
  ),
};

export const searchDeclaration: Declaration<SearchOptions> = {
  name: "search",
  summary: "transfers, the history and known files, by name or file id",
  about: [
    "Every word has to be in the name; upper and lower case are the same. At least 6 hex digits are the beginning of a file id, too.",
  ],
  arguments: [{ name: "text", description: "words of the name, or a file id", many: true }],
  options: SEARCH_OPTIONS,
  examples: [{ line: "shoal search holiday", about: "exit code 3 when there is nothing" }],
  exits: ["notFound", "daemon"],
};

export interface UiOptions {
  readonly print: boolean;
}

export const uiDeclaration: Declaration<UiOptions> = {
  name: "ui",
  summary: "open the page of the daemon in the browser",
  about: ["The daemon is started when it does not run."],
  arguments: [],
  options: { print: flag("--print", "only print the address") },
  examples: [{ line: "shoal ui --print", about: "to open it yourself" }],
  exits: ["daemon"],
};

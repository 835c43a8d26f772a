import type { Declaration, NoOptions } from "../command.ts";
import { flag, type SpecsOf, text } from "../option.ts";

export interface SetLabelOptions {
  readonly folder: string | null;
  readonly noFolder: boolean;
  readonly ratio: string | null;
  readonly time: string | null;
  readonly idle: string | null;
}

const OPTIONS: SpecsOf<SetLabelOptions> = {
  folder: text("--folder <dir>", "where downloads with this label go"),
  noFolder: flag("--no-folder", "they go where all others go"),
  ratio: text("--ratio <n>", "they are shared until so many times their size were given (never, default)"),
  time: text("--time <time>", "they are shared for so long (never, default)"),
  idle: text("--idle <time>", "they are shared until nobody wanted them for so long (never, default)"),
};

export const listLabelsDeclaration: Declaration<NoOptions> = {
  name: "label list",
  summary: "all labels, with their folders and goals",
  about: ["Also those that only transfers have, about which nothing was said."],
  arguments: [],
  options: {},
  examples: [{ line: "shoal label list", about: "a table" }],
  exits: ["daemon"],
};

export const setLabelDeclaration: Declaration<SetLabelOptions> = {
  name: "label set",
  summary: "say something about a label",
  about: [
    "Of several labels of a transfer the first that says something counts; what the transfer itself says comes before that.",
  ],
  arguments: [{ name: "name", description: "of the label" }],
  options: OPTIONS,
  examples: [{ line: "shoal label set films --folder ~/Films --ratio 3", about: "for all with this label" }],
  exits: ["daemon", "denied"],
};

export const removeLabelDeclaration: Declaration<NoOptions> = {
  name: "label rm",
  summary: "forget a label, and take it off all transfers",
  about: ["Transfers and their files stay."],
  arguments: [{ name: "name", description: "of the label" }],
  options: {},
  examples: [{ line: "shoal label rm films", about: "no more" }],
  exits: ["daemon", "notFound"],
};

import type { Declaration, NoOptions } from "../command.ts";
import { flag, list, nonEmpty, type SpecsOf, text } from "../option.ts";

export interface AddFolderOptions {
  readonly label: readonly string[];
  readonly downloadDir: string | null;
  readonly paused: boolean;
  readonly delete: boolean;
  readonly keep: boolean;
}

const ADD_OPTIONS: SpecsOf<AddFolderOptions> = {
  label: list("--label <name>", "a label for what is added; repeatable", nonEmpty),
  downloadDir: text("--download-dir <dir>", "where the downloads go"),
  paused: flag("--paused", "add without starting"),
  delete: flag("--delete", "delete each file once it was added"),
  keep: flag("--keep", "rename it to end in .added instead (the default)"),
};

export const addFolderDeclaration: Declaration<AddFolderOptions> = {
  name: "watchdir add",
  summary: "add every .torrent file that comes into a folder",
  about: [
    "The daemon looks at the folder as long as it runs. Files with the ending .torrent and .magnet (a link on each line) are added when nobody writes to them any more.",
    "What is no torrent is renamed to end in .invalid. The folder need not exist yet.",
  ],
  arguments: [{ name: "dir", description: "the folder" }],
  options: ADD_OPTIONS,
  examples: [{ line: "shoal watchdir add ~/Torrents --label films", about: "what is put there is fetched" }],
  exits: ["daemon", "exists"],
};

export const listFoldersDeclaration: Declaration<NoOptions> = {
  name: "watchdir list",
  summary: "the folders that are watched",
  about: [],
  arguments: [],
  options: {},
  examples: [{ line: "shoal watchdir list", about: "and what is wrong with them, if anything is" }],
  exits: ["daemon"],
};

export const removeFolderDeclaration: Declaration<NoOptions> = {
  name: "watchdir rm",
  summary: "stop watching a folder",
  about: ["What was added from it stays."],
  arguments: [{ name: "dir", description: "the folder, or its number from the list" }],
  options: {},
  examples: [{ line: "shoal watchdir rm ~/Torrents", about: "its files are left alone from now on" }],
  exits: ["daemon", "notFound"],
};

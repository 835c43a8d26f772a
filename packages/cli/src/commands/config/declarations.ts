import type { ArgumentSpec, Declaration, NoOptions } from "../command.ts";

const KEY: ArgumentSpec = {
  name: "key",
  completes: "settings",
  description: "such as limits.down; all of them: shoal config list",
};

const WHERE =
  "The configuration file is JSON with comments, and is edited in place. Flags stand before variables of the environment (SHOAL_LIMITS_DOWN for limits.down), these before the file of the profile, that before the common file.";

export const configGetDeclaration: Declaration<NoOptions> = {
  name: "config get",
  summary: "what a setting is now",
  about: [WHERE],
  arguments: [KEY],
  options: {},
  examples: [{ line: "shoal config get downloads.dir", about: "the folder for downloads" }],
  exits: ["notFound"],
};

export const configSetDeclaration: Declaration<NoOptions> = {
  name: "config set",
  summary: "change a setting",
  about: [
    "Sizes are written as 500M or 1.5GB, rates as 2M, times as 30m or 24h; off turns off what can be turned off. The daemon follows at once, where it can; else it says so.",
    "A list is written with commas; +WORD adds one to it, and -- -WORD takes one out.",
  ],
  arguments: [KEY, { name: "value", description: "the new value" }],
  options: {},
  examples: [
    { line: "shoal config set limits.down 2M", about: "at most 2 MB per second" },
    { line: "shoal config set ui.hosts +torrents.example.org", about: "one more name for the web page" },
  ],
  exits: ["notFound", "fileSystem"],
};

export const configUnsetDeclaration: Declaration<NoOptions> = {
  name: "config unset",
  summary: "forget a setting, so that its default holds again",
  about: [],
  arguments: [KEY],
  options: {},
  examples: [{ line: "shoal config unset limits.down", about: "no limit, as at the beginning" }],
  exits: ["notFound", "fileSystem"],
};

export const configListDeclaration: Declaration<NoOptions> = {
  name: "config list",
  summary: "all settings, what they are and where that comes from",
  about: [WHERE],
  arguments: [],
  options: {},
  examples: [
    { line: "shoal config list", about: "a table" },
    { line: "shoal config list --json", about: "for programs" },
  ],
  exits: [],
};

export const configEditDeclaration: Declaration<NoOptions> = {
  name: "config edit",
  summary: "open the configuration file in your editor",
  about: [
    "The editor is what VISUAL or EDITOR names. What was written is checked afterwards; a mistake is told with its line.",
  ],
  arguments: [],
  options: {},
  examples: [{ line: "shoal config edit", about: "comments are welcome in it" }],
  exits: ["fileSystem"],
};

export const configPathDeclaration: Declaration<NoOptions> = {
  name: "config path",
  summary: "where the configuration file is",
  about: [],
  arguments: [],
  options: {},
  examples: [{ line: "shoal config path", about: "it need not exist yet" }],
  exits: [],
};

import type { Declaration, NoOptions } from "../command.ts";
import { type SpecsOf, text } from "../option.ts";

export interface ProfileRunOptions {
  readonly dir: string | null;
}

const RUN_OPTIONS: SpecsOf<ProfileRunOptions> = {
  dir: text("--dir <dir>", "folder for their downloads, one folder in it for each (default: shoal-profiles)"),
};

export const profileRunDeclaration: Declaration<ProfileRunOptions> = {
  name: "profile run",
  summary: "run several nodes side by side, to try things out",
  about: [
    "Each is a profile of its own (try-1, try-2, …) with its own peer id, ports and folders, and stays as it is for the next time. They know each other and nobody else: nothing leaves this computer.",
    "Every command speaks to one of them with --profile, such as: shoal --profile try-1 list",
  ],
  arguments: [{ name: "count", description: "how many, up to 20" }],
  options: RUN_OPTIONS,
  examples: [{ line: "shoal profile run 3", about: "until Ctrl-C" }],
  exits: ["fileSystem", "inUse", "interrupted", "terminated"],
};

export const profileListDeclaration: Declaration<NoOptions> = {
  name: "profile list",
  summary: "the profiles there are, and which of them run",
  about: [],
  arguments: [],
  options: {},
  examples: [{ line: "shoal profile list", about: "with the addresses of their pages" }],
  exits: [],
};

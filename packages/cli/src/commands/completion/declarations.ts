import { SHELLS } from "../../completion/scripts.ts";
import type { Declaration, NoOptions } from "../command.ts";

export const completionDeclaration: Declaration<NoOptions> = {
  name: "completion",
  summary: "teach your shell to complete shoal's words with Tab",
  about: [
    "Prints a script for bash, zsh, fish or PowerShell; its first line says where it belongs. Commands, flags, settings, and the names and numbers of transfers are completed.",
  ],
  arguments: [{ name: "shell", description: "bash, zsh, fish or powershell", choices: SHELLS }],
  options: {},
  examples: [{ line: "shoal completion bash", about: "in ~/.bashrc: source <(shoal completion bash)" }],
  exits: [],
};

export const completeDeclaration: Declaration<NoOptions> = {
  name: "complete",
  summary: "what may stand in place of the last of the words given",
  about: ["The scripts of shoal completion ask this at each Tab."],
  arguments: [
    { name: "word", description: "what is on the command line so far", optional: true, many: true },
  ],
  options: {},
  examples: [{ line: "shoal complete -- torrent cr", about: "create" }],
  exits: [],
  hidden: true,
};

import type { Declaration, NoOptions } from "../command.ts";

export const shellDeclaration: Declaration<NoOptions> = {
  name: "shell",
  summary: "type commands one after the other, and see what goes on",
  about: [
    "Every command works without the word shoal in front. Tab completes commands, flags, and the names and numbers of transfers; events appear above the line that is being typed. Ctrl-C clears the line or ends the command that runs, never a transfer; exit, quit or Ctrl-D leave, and transfers go on in the background (exit --stop stops it).",
    "From a pipe or a file each line is a command; the first that fails ends it with its exit code, unless set -k comes before. # begins a comment.",
  ],
  arguments: [],
  options: {},
  examples: [
    { line: "shoal shell", about: "on a terminal" },
    { line: "shoal shell < commands.txt", about: "a script" },
  ],
  exits: ["daemon"],
};

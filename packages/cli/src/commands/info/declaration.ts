import type { Declaration, NoOptions } from "../command.ts";

export const nodeInfoDeclaration: Declaration<NoOptions> = {
  name: "info",
  summary: "this node: its peer id, addresses to give to others, folders, totals",
  about: [
    "The peer id is the key by which others know this node; it stays the same for as long as the file identity.key in the state folder is kept.",
    "Whether others can connect is told by what has happened, and otherwise unknown: shoal doctor says more. What is in a .torrent file or magnet link: shoal torrent info.",
    "Nothing is started: when the daemon does not run, what is known without it is shown.",
  ],
  arguments: [],
  options: {},
  examples: [
    { line: "shoal info", about: "who and where this node is" },
    { line: "shoal info --json", about: "for programs" },
  ],
  exits: ["daemon", "fileSystem"],
};

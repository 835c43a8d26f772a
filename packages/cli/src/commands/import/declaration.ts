import type { Declaration } from "../command.ts";
import { choice, flag, type SpecsOf } from "../option.ts";

export interface ImportOptions {
  readonly dryRun: boolean;
  readonly verify: "sample" | "full";
}

const OPTIONS: SpecsOf<ImportOptions> = {
  dryRun: flag("--dry-run", "only tell what would be done"),
  verify: choice(
    "--verify <how>",
    "how to check what is on disk: full (the default), or sample, which reads some of it",
    ["sample", "full"],
    "full",
  ),
};

export const importDeclaration: Declaration<ImportOptions> = {
  name: "import",
  summary: "go on here with the torrents of another program",
  about: [
    "PROGRAM is libtorrent, qbittorrent or transmission; DIR is where it keeps .torrent files and resume data: BT_backup of qBittorrent, the folder with torrents and resume of Transmission.",
    "Folders, priorities of files, labels, pauses, limits, goals and dates are taken over. The files stay where they are. End the other program before: two must not write the same files.",
  ],
  arguments: [
    { name: "program", description: "libtorrent, qbittorrent or transmission" },
    { name: "dir", description: "the folder with its resume data" },
  ],
  options: OPTIONS,
  examples: [
    {
      line: "shoal import transmission ~/.config/transmission-daemon --dry-run",
      about: "what there is to be taken over",
    },
  ],
  exits: ["daemon", "notFound", "partial"],
};

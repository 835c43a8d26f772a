import type { Declaration } from "../command.ts";
import { flag, list, parseLabel, text } from "../option.ts";
import type { SpecsOf } from "../option.ts";
import type { MakeOptions, NetworkOptions, VerifyOptions } from "../shared-options.ts";
import { MAKE_OPTIONS, NETWORK_OPTIONS, VERIFY_OPTIONS } from "../shared-options.ts";

export interface SendOptions extends MakeOptions, NetworkOptions, VerifyOptions {
  readonly data: string | null;
  readonly qr: boolean;
  readonly output: string | null;
  readonly overwrite: boolean;
  readonly detach: boolean;
  readonly label: readonly string[];
}

const OPTIONS: SpecsOf<SendOptions> = {
  data: text("--data <dir>", "with a .torrent file: the folder in which what it names lies"),
  qr: flag("--qr", "show the link as a QR code (or press Q)"),
  output: text("-o, --output <file>", "also write the .torrent file here"),
  overwrite: flag("--overwrite", "replace the file named with -o"),
  detach: flag("-d, --detach", "leave it to the daemon and end as soon as it is shared"),
  label: list("--label <name>", "put it under this label; repeatable", parseLabel),
  ...MAKE_OPTIONS,
  ...VERIFY_OPTIONS,
  ...NETWORK_OPTIONS,
};

export const sendDeclaration: Declaration<SendOptions> = {
  name: "send",
  summary: "share files or folders and print a link for them",
  about: [
    "Each PATH becomes a torrent of its own. The files stay where they are and must not change while they are shared. With a .torrent file and --data, what is in the folder is checked and shared.",
    "The .torrent files made are kept in shoal's state folder, and their paths are printed.",
    "The daemon shares; it is started when it does not run. With --foreground, with a .torrent file or flags about the network (--port, --host, …), and where no daemon may be started, this command does it itself.",
    "Press D to keep sharing in the background, or give --detach. Sharing goes on until Ctrl-C. That is its normal end: the exit code is 0. Ctrl-C before sharing began ends with 130, SIGTERM with 143.",
    "What was checked in an earlier run is not read again when size and date of the files are as they were (--verify stat). sample reads some of it, full all of it, and none only looks whether the files are there. Whatever is sent is compared once more before.",
    "With --json each line is an object with an event: ip-filter, hashing, checked, listening, sharing, reachability, progress, tracker, peer-connected, peer-complete, peer-disconnected, banned, warning, error. Twice a second progress has the numbers and, in trackerList, finderList (DHT and local network), webSeedList and peerList, who is asked and what came of it.",
  ],
  arguments: [
    { name: "path", description: "file or folder, or a .torrent file", many: true, completes: "files" },
  ],
  options: OPTIONS,
  examples: [
    { line: "shoal send Holiday", about: "share a folder" },
    { line: "shoal send Holiday --tracker http://tracker.example/announce", about: "meet at a tracker" },
    { line: "shoal send Holiday.torrent --data .", about: "share again what Holiday.torrent names" },
  ],
  exits: [
    "notFound",
    "denied",
    "daemon",
    "verification",
    "fileSystem",
    "exists",
    "inUse",
    "timeout",
    "interrupted",
    "terminated",
  ],
};

import type { Declaration, NoOptions } from "../command.ts";
import { flag, text } from "../option.ts";
import type { SpecsOf } from "../option.ts";
import type { MakeOptions } from "../shared-options.ts";
import { MAKE_OPTIONS } from "../shared-options.ts";

export interface CreateOptions extends MakeOptions {
  readonly output: string | null;
  readonly overwrite: boolean;
  readonly source: string | null;
  readonly date: boolean;
}

const CREATE_OPTIONS: SpecsOf<CreateOptions> = {
  output: text(
    "-o, --output <file>",
    "file to write, or folder for NAME.torrent (default: here; - for stdout)",
  ),
  overwrite: flag("--overwrite", "replace the file if it exists"),
  ...MAKE_OPTIONS,
  source: text("--source <text>", "source tag, as some trackers ask for; changes the info-hash"),
  date: flag("--date", "write the time of creation into it"),
};

export const createDeclaration: Declaration<CreateOptions> = {
  name: "torrent create",
  summary: "make a .torrent file without sharing it",
  about: ["The same files and flags always give the same bytes, unless --date is given."],
  arguments: [{ name: "path", description: "file or folder", completes: "files" }],
  options: CREATE_OPTIONS,
  examples: [
    { line: "shoal torrent create Holiday -o Holiday.torrent", about: "for every BitTorrent program" },
    {
      line: "shoal torrent create Holiday --private --tracker http://t.example/announce",
      about: "for the people of one tracker",
    },
  ],
  exits: ["fileSystem", "exists", "noSpace", "interrupted", "timeout"],
};

export const infoDeclaration: Declaration<NoOptions> = {
  name: "torrent info",
  summary: "what is in a .torrent file or magnet link",
  about: [
    "A magnet link names only the torrent: its files are known once somebody who has it was asked (shoal get).",
  ],
  arguments: [
    { name: "link", description: ".torrent file or magnet link (- reads stdin)", completes: "files" },
  ],
  options: {},
  examples: [
    { line: "shoal torrent info Holiday.torrent", about: "for people" },
    { line: "shoal torrent info Holiday.torrent --json", about: "for programs" },
  ],
  exits: ["fileSystem"],
};

export const magnetDeclaration: Declaration<NoOptions> = {
  name: "torrent magnet",
  summary: "the magnet link of a .torrent file, or of a transfer",
  about: ["What is no file is taken for a transfer: its number, name or info-hash."],
  arguments: [
    { name: "file", description: ".torrent file (- reads stdin), or transfer", completes: "files" },
  ],
  options: {},
  examples: [
    { line: "shoal torrent magnet Holiday.torrent", about: "one line on stdout" },
    { line: "shoal torrent magnet 3", about: "of a transfer" },
  ],
  exits: ["fileSystem", "daemon", "notFound"],
};

export const verifyDeclaration: Declaration<NoOptions> = {
  name: "torrent verify",
  summary: "compare files on disk with their torrent",
  about: [
    "Reads everything and changes nothing. Ends with 8 and names the files when something is missing or differs.",
    "Without a folder it is about transfers: the daemon checks all of their data, and fetches again what is wrong.",
  ],
  arguments: [
    { name: "file", description: ".torrent file; without a folder: transfers" },
    {
      name: "dir",
      description: "folder in which the torrent's name lies, such as ~/Downloads",
      optional: true,
    },
  ],
  options: {},
  examples: [
    { line: "shoal torrent verify Holiday.torrent .", about: "checks ./Holiday" },
    { line: "shoal torrent verify 3", about: "checks a transfer" },
  ],
  exits: ["verification", "fileSystem", "interrupted", "timeout", "daemon", "notFound", "partial"],
};

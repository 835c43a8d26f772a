import type { ArgumentSpec, Declaration, NoOptions } from "../../command.ts";
import { flag, list, nonEmpty, text, type SpecsOf } from "../../option.ts";

const WHICH = "number, name, info-hash, 1,3-5, @label, all, active, done or failed";
const TARGET: ArgumentSpec = { name: "transfer", description: WHICH, completes: "transfers" };
const TARGETS: ArgumentSpec = { ...TARGET, many: true };
const ONE: ArgumentSpec = { ...TARGET, description: "number, name or info-hash" };

export interface MoveOptions {
  readonly adopt: boolean;
  readonly overwrite: boolean;
}

const MOVE_OPTIONS: SpecsOf<MoveOptions> = {
  adopt: flag("--adopt", "the files are there already: check them and go on"),
  overwrite: flag("--overwrite", "replace files that are in the way"),
};

export const moveDeclaration: Declaration<MoveOptions> = {
  name: "torrent move",
  summary: "put the files of transfers into another folder",
  about: [
    "Files are renamed on one file system and copied to another one, while everything goes on; a copy goes on after Ctrl-C.",
    "What is not complete and lies in the folder for that goes to the new one when it is.",
  ],
  arguments: [TARGET, { name: "dir", description: "folder in which the torrent's name is to lie" }],
  options: MOVE_OPTIONS,
  examples: [
    { line: "shoal torrent move 3 ~/Films", about: "the files move" },
    { line: "shoal torrent move 3 ~/Films --adopt", about: "they have been moved by hand" },
  ],
  exits: ["daemon", "notFound", "exists", "noSpace", "fileSystem", "partial", "interrupted"],
};

export const renameDeclaration: Declaration<NoOptions> = {
  name: "torrent rename",
  summary: "give a transfer, or a file or folder of it, another name",
  about: ["The torrent stays the same for everybody else: only what it is called here changes."],
  arguments: [
    ONE,
    { name: "path", description: "the new name, or what is to get one, as torrent files shows it" },
    { name: "new", description: "the new name of the file or folder", optional: true },
  ],
  options: {},
  examples: [
    { line: "shoal torrent rename 3 Holiday", about: "the transfer and its folder" },
    { line: "shoal torrent rename 3 Holiday/001.jpg beach.jpg", about: "one file" },
  ],
  exits: ["daemon", "notFound", "exists", "fileSystem"],
};

export interface FilesOptions {
  readonly want: readonly string[];
  readonly skip: readonly string[];
  readonly low: readonly string[];
  readonly normal: readonly string[];
  readonly high: readonly string[];
}

const FILES_OPTIONS: SpecsOf<FilesOptions> = {
  want: list("--want <files>", "fetch them after all", nonEmpty),
  skip: list("--skip <files>", "don't fetch them; what is there of them stays", nonEmpty),
  low: list("--low <files>", "fetch them last", nonEmpty),
  normal: list("--normal <files>", "fetch them like most", nonEmpty),
  high: list("--high <files>", "fetch them first", nonEmpty),
};

export const filesDeclaration: Declaration<FilesOptions> = {
  name: "torrent files",
  summary: "the files of a transfer, and which of them are wanted",
  about: [
    "Files are named by their numbers (3, 1,3-5), by patterns ('*.jpg'), or by the name of a folder. Each flag may be given several times.",
  ],
  arguments: [ONE],
  options: FILES_OPTIONS,
  examples: [
    { line: "shoal torrent files 3", about: "a list with numbers" },
    { line: "shoal torrent files 3 --skip '*.nfo' --high 1,4-6", about: "change what is fetched" },
  ],
  exits: ["daemon", "notFound", "noSpace", "exists"],
};

export const trackersDeclaration: Declaration<NoOptions> = {
  name: "torrent trackers",
  summary: "the trackers of a transfer; add, rm or edit some",
  about: ["They are asked who else has it. What was added is asked at once."],
  arguments: [
    ONE,
    { name: "change", description: "add, rm or edit; without it they are shown", optional: true },
    {
      name: "url",
      description: "addresses; of edit the old one and the new one",
      optional: true,
      many: true,
    },
  ],
  options: {},
  examples: [
    { line: "shoal torrent trackers 3", about: "which there are, and what they said last" },
    { line: "shoal torrent trackers 3 add udp://t.example:80/announce", about: "one more" },
    { line: "shoal torrent trackers 3 rm udp://t.example:80/announce", about: "one less" },
  ],
  exits: ["daemon", "notFound"],
};

export const peersDeclaration: Declaration<NoOptions> = {
  name: "torrent peers",
  summary: "name peers that have a transfer, or may have it",
  about: ["They are tried at once, and remembered like others that were found."],
  arguments: [ONE, { name: "peer", description: "HOST:PORT", many: true }],
  options: {},
  examples: [{ line: "shoal torrent peers 3 192.168.4.20:41873", about: "somebody who has it" }],
  exits: ["daemon", "notFound"],
};

export const announceDeclaration: Declaration<NoOptions> = {
  name: "torrent announce",
  summary: "look for peers now",
  about: ["Trackers are asked as soon as they allow it, the DHT and the local network at once."],
  arguments: [TARGETS],
  options: {},
  examples: [{ line: "shoal torrent announce all", about: "after the network has changed" }],
  exits: ["daemon", "notFound", "partial"],
};

export const setDeclaration: Declaration<NoOptions> = {
  name: "torrent set",
  summary: "change how a transfer is fetched and shared",
  about: [
    "sequential=on|off, first-last=on|off: the order in which it is fetched. force=on|off: whether it runs whatever the queue says.",
    "ratio=2, time=24h, idle=30m: when sharing is enough; never for no end, default for what its labels and the settings say.",
    "down=500k, up=1M: bytes per second; off for no limit of its own.",
  ],
  arguments: [TARGET, { name: "key=value", description: "what is to change", many: true }],
  options: {},
  examples: [
    { line: "shoal torrent set 3 ratio=2 time=never", about: "shared until twice its size was given" },
    { line: "shoal torrent set @films sequential=on up=500k", about: "for all with a label" },
  ],
  exits: ["daemon", "notFound", "partial"],
};

export const queueDeclaration: Declaration<NoOptions> = {
  name: "torrent queue",
  summary: "move transfers within the queue",
  about: [
    "So many run at once as queue.downloads and queue.seeds say. Several that are moved together keep their order among themselves.",
  ],
  arguments: [TARGET, { name: "where", description: "top, up, down, bottom, or a place from 1" }],
  options: {},
  examples: [
    { line: "shoal torrent queue 7 top", about: "the next one" },
    { line: "shoal torrent queue 4-6 down", about: "each one place later" },
  ],
  exits: ["daemon", "notFound", "partial"],
};

export interface LabelOptions {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly move: boolean;
}

const LABEL_OPTIONS: SpecsOf<LabelOptions> = {
  add: list("--add <name>", "the same as +name", nonEmpty),
  remove: list("--remove <name>", "the same as -name", nonEmpty),
  move: flag("--move", "move the files into the folder of the first label that has one"),
};

export const labelDeclaration: Declaration<LabelOptions> = {
  name: "torrent label",
  summary: "put labels on transfers, and take them off",
  about: ["@name stands for all transfers with a label wherever transfers are named."],
  arguments: [
    TARGET,
    { name: "label", description: "+name puts it on, -name takes it off", optional: true, many: true },
  ],
  options: LABEL_OPTIONS,
  signedWords: true,
  examples: [
    { line: "shoal torrent label 3 +films -new", about: "one on, one off" },
    { line: "shoal torrent label @new --remove new", about: "off everywhere" },
  ],
  exits: ["daemon", "notFound", "partial"],
};

export interface ExportOptions {
  readonly output: string | null;
  readonly overwrite: boolean;
}

const EXPORT_OPTIONS: SpecsOf<ExportOptions> = {
  output: text(
    "-o, --output <file>",
    "file to write, or folder for NAME.torrent (default: here; - for stdout)",
  ),
  overwrite: flag("--overwrite", "replace the file if it exists"),
};

export const exportDeclaration: Declaration<ExportOptions> = {
  name: "torrent export",
  summary: "the .torrent file of a transfer",
  about: ["With the trackers as they are now."],
  arguments: [ONE],
  options: EXPORT_OPTIONS,
  examples: [{ line: "shoal torrent export 3 -o Holiday.torrent", about: "for another program" }],
  exits: ["daemon", "notFound", "exists", "fileSystem"],
};

import type { ArgumentSpec, Declaration } from "../command.ts";
import { parseWait } from "../../ui/durations.ts";
import { flag, type SpecsOf, text, value } from "../option.ts";
import { COLUMN_NAMES, type ColumnName } from "./columns.ts";
import { type ListWish, parseColumns, parseSort, STATE_WORDS } from "./list-table.ts";
import type { AllOption } from "./each-target.ts";

/** See `findTargets`; none with --all. */
const TARGETS: ArgumentSpec = {
  name: "transfer",
  description: "number, name, info-hash, 1,3-5, @label, all or failed",
  optional: true,
  many: true,
  completes: "transfers",
};

const ALL: SpecsOf<AllOption> = { all: flag("--all", "every transfer") };

const WHICH =
  "Transfers are named by their number in the list, their name, the beginning of their info-hash, numbers and ranges such as 1,3-5, a @label, or all, active, done, failed.";

export interface ListOptions extends ListWish {
  readonly columns: readonly ColumnName[] | null;
  readonly watch: boolean;
  /** Milliseconds. */
  readonly interval: number | null;
}

const INTERVAL = value("--interval <time>", "how often to look, with --watch (default: 1s)", parseInterval);

const LIST_OPTIONS: SpecsOf<ListOptions> = {
  state: value("--state <state>", `only those: ${STATE_WORDS.join(", ")}`, parseState),
  label: text("--label <name>", "only those with this label"),
  sort: value("--sort <column>", "by this column; -column from the largest down", parseSort),
  columns: value("--columns <names>", `what is shown: ${COLUMN_NAMES.join(", ")}`, parseColumns),
  watch: flag("--watch", "go on showing it, until Q or Ctrl-C"),
  interval: INTERVAL,
};

function parseState(word: string): string {
  if (!STATE_WORDS.includes(word)) throw new Error(`choose from ${STATE_WORDS.join(", ")}`);
  return word;
}

function parseInterval(word: string): number {
  const milliseconds = parseWait(word);
  if (milliseconds === null || milliseconds < 100) throw new Error("write it as 1s or 500ms, at least 100ms");
  return milliseconds;
}

export const listDeclaration: Declaration<ListOptions> = {
  name: "list",
  alias: "ls",
  summary: "all transfers",
  about: [
    "The numbers stay: a transfer has its number until it is removed, and no other gets it afterwards.",
    "With --json=id,name each row has only these fields.",
  ],
  arguments: [],
  options: LIST_OPTIONS,
  examples: [
    { line: "shoal list", about: "a table" },
    { line: "shoal list --state failed", about: "what needs a look; try again with: shoal resume failed" },
    { line: "shoal list --sort -up --columns id,name,up,people", about: "who is wanted most" },
    { line: "shoal list --json", about: "for programs" },
  ],
  exits: ["daemon"],
};

export interface WatchOptions {
  readonly interval: number | null;
}

export const watchDeclaration: Declaration<WatchOptions> = {
  name: "watch",
  summary: "transfers as they go, until Q or Ctrl-C",
  about: [
    "Arrow keys choose one; P pauses it, R lets it go on. With --json there is a line for each look.",
    WHICH,
  ],
  arguments: [TARGETS],
  options: { interval: INTERVAL },
  examples: [{ line: "shoal watch", about: "everything" }],
  exits: ["notFound", "daemon", "interrupted"],
};

export interface ShowOptions {
  readonly files: boolean;
  readonly peers: boolean;
  readonly trackers: boolean;
  readonly pieces: boolean;
  readonly log: boolean;
}

export const showDeclaration: Declaration<ShowOptions> = {
  name: "show",
  summary: "everything about one transfer",
  about: [WHICH],
  arguments: [{ name: "transfer", description: "its number, name or info-hash", completes: "transfers" }],
  options: {
    files: flag("--files", "its files, and how much of each is there"),
    peers: flag("--peers", "who is connected"),
    trackers: flag("--trackers", "who is asked for people: trackers, the DHT, web servers"),
    pieces: flag("--pieces", "which pieces are there, as a map"),
    log: flag("--log", "what happened to it last"),
  },
  examples: [{ line: "shoal show 1 --peers --trackers", about: "who gives and who is asked" }],
  exits: ["notFound", "daemon"],
};

export const pauseDeclaration: Declaration<AllOption> = {
  name: "pause",
  summary: "stop transfers for now",
  about: [WHICH],
  arguments: [TARGETS],
  options: ALL,
  examples: [{ line: "shoal pause all", about: "everything rests until: shoal resume all" }],
  exits: ["daemon", "notFound", "partial"],
};

export const resumeDeclaration: Declaration<AllOption> = {
  name: "resume",
  summary: "go on after a pause, or try again after a failure",
  about: [WHICH],
  arguments: [TARGETS],
  options: ALL,
  examples: [{ line: "shoal resume failed", about: "try everything again that failed" }],
  exits: ["daemon", "notFound", "partial"],
};

export const cancelDeclaration: Declaration<AllOption> = {
  name: "cancel",
  summary: "stop transfers and forget them; files stay",
  about: [WHICH, "They can be brought back with shoal undo, and later with shoal history --retry ID."],
  arguments: [TARGETS],
  options: ALL,
  examples: [{ line: "shoal cancel failed", about: "what can't go on is forgotten" }],
  exits: ["daemon", "notFound", "partial"],
};

export interface RemoveOptions extends AllOption {
  readonly deleteFiles: boolean;
}

const REMOVE_OPTIONS: SpecsOf<RemoveOptions> = {
  deleteFiles: flag("--delete-files", "delete what the download has made, too (asks before)"),
  ...ALL,
};

export const removeDeclaration: Declaration<RemoveOptions> = {
  name: "rm",
  summary: "take transfers off the list; their files stay",
  about: [
    "With --delete-files those files go that the download has made: none that was there before, and none that another transfer has.",
    "Within 5 minutes all comes back with: shoal undo. After that the files are deleted for good.",
  ],
  arguments: [TARGETS],
  options: REMOVE_OPTIONS,
  examples: [{ line: "shoal rm done", about: "the list has only what goes on" }],
  exits: ["daemon", "notFound", "partial"],
};

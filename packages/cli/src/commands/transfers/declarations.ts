import type { ArgumentSpec, Declaration, NoOptions } from "../command.ts";
import { flag, type SpecsOf } from "../option.ts";
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

export const listDeclaration: Declaration<NoOptions> = {
  name: "list",
  summary: "all transfers",
  about: [
    "The numbers stay: a transfer has its number until it is removed, and no other gets it afterwards.",
  ],
  arguments: [],
  options: {},
  examples: [
    { line: "shoal list", about: "a table" },
    { line: "shoal list --json", about: "for programs" },
  ],
  exits: ["daemon"],
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

import type { ArgumentSpec, Declaration, NoOptions } from "../command.ts";
import { choice, flag, type SpecsOf, text, value } from "../option.ts";
import { parseCount, parsePast, type Past } from "./past.ts";

const ONE: ArgumentSpec = {
  name: "transfer",
  description: "number, name or info-hash",
  optional: true,
  completes: "transfers",
};

const SINCE = value("--since <time>", "from then on: 30m, 24h, 7d, or 2026-01-31", parsePast);
const LIMIT = value("-n, --limit <count>", "so many at most (default: 100)", parseCount);
const FOLLOW = flag("-f, --follow", "go on with what comes");

export interface TransferLogOptions {
  readonly type: "download" | "upload" | null;
  readonly file: string | null;
  readonly peer: string | null;
  readonly since: Past | null;
  readonly limit: number | null;
  readonly follow: boolean;
}

const TRANSFER_LOG_OPTIONS: SpecsOf<TransferLogOptions> = {
  type: choice<"download" | "upload", null>(
    "--type <type>",
    "only downloads, or only uploads",
    ["download", "upload"],
    null,
  ),
  file: text("--file <id>", "only the file with that id, or the beginning of it"),
  peer: text("--peer <address>", "only that peer, or those whose address begins so"),
  since: SINCE,
  limit: LIMIT,
  follow: FOLLOW,
};

export const transferLogDeclaration: Declaration<TransferLogOptions> = {
  name: "log transfers",
  summary: "which peer gave or got which piece",
  about: [
    "A row for each piece and peer: type, peer, file id, piece, bytes, time. The last 100,000 are kept (shoal config set log.transfers N).",
    "What a download shows are pieces that were right; a piece that spans files has a row for each of them.",
  ],
  arguments: [ONE],
  options: TRANSFER_LOG_OPTIONS,
  examples: [
    { line: "shoal log transfers", about: "the last 100" },
    { line: "shoal log transfers --type upload --since 24h --json", about: "for programs" },
  ],
  exits: ["daemon", "notFound", "interrupted"],
};

export interface EventLogOptions {
  readonly since: Past | null;
  readonly limit: number | null;
  readonly follow: boolean;
}

export const eventLogDeclaration: Declaration<EventLogOptions> = {
  name: "log events",
  summary: "what happened: added, finished, failed, removed, and the like",
  about: ["With a transfer: what happened to that one."],
  arguments: [ONE],
  options: { since: SINCE, limit: LIMIT, follow: FOLLOW },
  examples: [{ line: "shoal log events --since 7d", about: "the last week" }],
  exits: ["daemon", "notFound", "interrupted"],
};

export const statsDeclaration: Declaration<NoOptions> = {
  name: "stats",
  summary: "how much was moved: today, in a week, in a month, ever",
  about: ["Days are those of UTC."],
  arguments: [],
  options: {},
  examples: [{ line: "shoal stats", about: "a table" }],
  exits: ["daemon"],
};

export interface HistoryOptions {
  readonly failed: boolean;
  readonly finished: boolean;
  readonly cancelled: boolean;
  readonly since: Past | null;
  readonly limit: number | null;
  readonly retry: number | null;
  readonly clear: boolean;
}

const HISTORY_OPTIONS: SpecsOf<HistoryOptions> = {
  failed: flag("--failed", "only what failed"),
  finished: flag("--finished", "only what finished"),
  cancelled: flag("--cancelled", "only what was removed before it was complete"),
  since: SINCE,
  limit: LIMIT,
  retry: value("--retry <id>", "add that one again, with all its settings", parseCount),
  clear: flag("--clear", "forget all of it (asks before)"),
};

export const historyDeclaration: Declaration<HistoryOptions> = {
  name: "history",
  summary: "what finished, failed or was cancelled",
  about: ["The last 1,000 are kept (shoal config set history.limit N)."],
  arguments: [],
  options: HISTORY_OPTIONS,
  examples: [
    { line: "shoal history", about: "the last one first" },
    { line: "shoal history --failed --since 7d", about: "with the reasons" },
  ],
  exits: ["daemon", "notFound"],
};

export interface UndoOptions {
  readonly list: boolean;
}

export const undoDeclaration: Declaration<UndoOptions> = {
  name: "undo",
  summary: "bring back what was removed last",
  about: [
    "The transfer, its settings and its files are as they were, for 5 minutes after shoal rm (shoal config set trash.keep TIME). What one command has removed comes back together.",
  ],
  arguments: [
    { name: "number", description: "the number that it had, when not the last one", optional: true },
  ],
  options: { list: flag("--list", "what can be brought back, and until when") },
  examples: [{ line: "shoal undo --list", about: "see it before" }],
  exits: ["daemon", "notFound", "exists"],
};

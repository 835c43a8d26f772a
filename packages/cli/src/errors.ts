import { basename } from "node:path";

import type { ApiErrorCode } from "@shoal/schema";

import { stopReason } from "./context.ts";
import type { ErrorCode } from "./engine.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import type { ExitName } from "./exit-codes.ts";
import { clean } from "./ui/clean.ts";

/** Codes that only the command line has; the engine's are in its ERROR_TABLE, and those of the daemon in API_ERROR_TABLE. */
export const CLI_ERROR_TABLE = {
  ERR_USAGE: "A flag, argument or command can't be read",
  ERR_FILE_NOT_FOUND: "A file or folder named on the command line does not exist",
  ERR_FILE_SYSTEM: "The system refused to read or write a file or folder",
  ERR_TIMEOUT: "The time given with --timeout is over",
  ERR_INTERRUPTED: "The command was stopped with Ctrl-C before it was done",
  ERR_TERMINATED: "The command was stopped by SIGTERM before it was done",
  ERR_IDENTITY: "The key by which others know this node can't be used",
  ERR_PEER_ID: "A peer id is mistyped",
  ERR_DAEMON: "The daemon does not run, or does not answer",
  ERR_UNFINISHED: "The daemon ended before the download did; it goes on when the daemon is started again",
  ERR_VERSION: "The daemon is of another version than the program that speaks to it",
} as const;

export type CliErrorCode = keyof typeof CLI_ERROR_TABLE | ApiErrorCode;

/**
 * A failure that is ready for a person: `message` is one sentence that names the thing and the reason, `advice` (may be empty)
 * says what to do. Neither may hold uncleaned text from a torrent or a peer: use `clean`.
 */
export class CliError extends Error {
  readonly code: CliErrorCode | ErrorCode;
  readonly exit: ExitName;
  readonly advice: string;

  constructor(code: CliErrorCode | ErrorCode, message: string, advice = "", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CliError";
    this.code = code;
    this.exit = exitOf(code);
    this.advice = advice;
  }
}

/** Wrong usage: exit 2. */
export function usageError(message: string, advice = ""): CliError {
  return new CliError("ERR_USAGE", message, advice);
}

/** Which exit code each error code ends in. */
export const ERROR_EXITS: Readonly<Record<ErrorCode | CliErrorCode, ExitName>> = {
  ERR_PROTOCOL: "failure",
  ERR_BENCODE: "usage",
  ERR_METAINFO: "usage",
  ERR_MAGNET: "usage",
  ERR_PATH: "usage",
  ERR_DUPLICATE_TORRENT: "exists",
  ERR_NOT_FOUND: "notFound",
  ERR_FILE_EXISTS: "exists",
  ERR_FILE_CHANGED: "verification",
  ERR_FILES_MISSING: "fileSystem",
  ERR_NO_SPACE: "noSpace",
  ERR_DISK: "fileSystem",
  ERR_PORT_IN_USE: "inUse",
  ERR_LISTEN: "network",
  ERR_CONNECT: "network",
  ERR_TRACKER: "network",
  ERR_HTTP: "network",
  ERR_LOCKED: "inUse",
  ERR_VERIFY: "verification",
  ERR_CLOSED: "failure",
  ERR_INVALID_ARGUMENT: "usage",
  ERR_USAGE: "usage",
  ERR_FILE_NOT_FOUND: "fileSystem",
  ERR_FILE_SYSTEM: "fileSystem",
  ERR_NO_METADATA: "network",
  ERR_NOTHING_SELECTED: "usage",
  ERR_TIMEOUT: "timeout",
  ERR_INTERRUPTED: "interrupted",
  ERR_TERMINATED: "terminated",
  ERR_EXISTS: "exists",
  ERR_CONFIG: "usage",
  ERR_IDENTITY: "fileSystem",
  ERR_PEER_ID: "usage",
  ERR_VALIDATION: "usage",
  ERR_DAEMON: "daemon",
  ERR_UNFINISHED: "unfinished",
  ERR_VERSION: "inUse",
  ERR_UNAUTHORIZED: "denied",
  ERR_FORBIDDEN: "denied",
  ERR_INTERNAL: "failure",
  ERR_BAD_REQUEST: "failure",
  ERR_CONTENT_TYPE: "failure",
  ERR_TOKEN_IN_URL: "denied",
  ERR_FOLDER: "denied",
  ERR_ORIGIN: "denied",
  ERR_HOST: "denied",
  ERR_AMBIGUOUS: "notFound",
  ERR_BUSY: "inUse",
  ERR_CANCELLED: "unfinished",
  ERR_DONE: "failure",
  ERR_TOO_MANY: "failure",
};

/** What to do about an error of the engine or the configuration; used where the command has nothing better to say. */
const ADVICE: Partial<Record<ErrorCode | CliErrorCode, string>> = {
  ERR_IDENTITY:
    "Put back a copy of it; or move it away: then the node gets a new key, and nobody knows it as the one it was.",
  ERR_CONFIG: "Correct it with: shoal config edit",
  ERR_DUPLICATE_TORRENT: "It is named twice: name it once.",
  ERR_FILE_EXISTS: "Choose another folder with -o, or replace it with --overwrite.",
  ERR_FILE_CHANGED: "Put the file back as it was, or share it anew with: shoal send PATH.",
  ERR_FILES_MISSING: "If that was not meant, put it back or connect its drive.",
  ERR_NO_SPACE: "Free some space or choose another folder with -o; what is there already is kept.",
  ERR_DISK: "Check that the folder exists and that you may write to it.",
  ERR_PORT_IN_USE: "Choose another with --port, or leave --port out to let shoal find a free one.",
  ERR_LISTEN: "Check --host: it must be an address of this computer.",
  ERR_LOCKED: "Another shoal is working on the same torrent: stop it first.",
  ERR_VERIFY: "Get the torrent again into the same folder: only the bad pieces are fetched.",
  ERR_HTTP: "Check the address and the connection.",
};

/** An error as it is shown: one sentence, what to do, and codes for programs. */
export interface Failure {
  readonly code: string;
  readonly exit: number;
  /** Cleaned; ends with a period. */
  readonly message: string;
}

function exitOf(code: string): ExitName {
  return (ERROR_EXITS as Readonly<Record<string, ExitName | undefined>>)[code] ?? "failure";
}

/** Turns whatever was thrown into what is shown and returned. Knows the engine's errors by their `code`. */
export function toFailure(error: unknown): Failure {
  if (error instanceof CliError) {
    return failure(error.code, error.message, error.advice);
  }
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const refused = code === "ERR_DISK" ? systemReason(error) : null;
  if (refused !== null) return toFailure(fileSystemError(refused, pathOf(error) ?? "", "ERR_DISK"));
  if (code !== null && code in ERROR_EXITS) {
    return failure(code, named(message, pathOf(error)), ADVICE[code as ErrorCode | CliErrorCode] ?? "");
  }
  if (code !== null && isSystemError(error)) return toFailure(fileSystemError(error, pathOf(error) ?? ""));
  return failure("ERR_INTERNAL", `shoal failed: ${message}`, "Run it again with -v to see where.");
}

function failure(code: string, message: string, advice: string): Failure {
  return { code, exit: EXIT_CODES[exitOf(code)].code, message: sentence(clean(message), advice) };
}

/** A clause of the engine as the start of a sentence that names the file it is about, whose name keeps its first letter. */
function named(clause: string, path: string | null): string {
  if (path === null) return clause.charAt(0).toUpperCase() + clause.slice(1);
  return clause.includes(basename(path)) ? clause : `${path}: ${clause}`;
}

/** "what: why" and "do this" as sentences. */
export function sentence(text: string, advice = ""): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return advice === "" ? ended : `${ended} ${advice}`;
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

function pathOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  if ("details" in error && typeof error.details === "object" && error.details !== null) {
    const path = (error.details as Record<string, unknown>)["path"];
    if (typeof path === "string") return path;
  }
  return "path" in error && typeof error.path === "string" ? error.path : null;
}

/** The system's error behind one of the engine's, where it has a sentence of its own. */
function systemReason(error: unknown): { readonly code: string } | null {
  const reason = (error as { details?: { reason?: unknown } }).details?.reason;
  return typeof reason === "string" && reason in SYSTEM_REASONS && pathOf(error) !== null
    ? { code: reason }
    : null;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

const SYSTEM_REASONS: Readonly<Record<string, readonly [reason: string, advice: string]>> = {
  ENOENT: ["does not exist", "Check the spelling."],
  ENOTDIR: ["lies under a file, not under a folder", "Check the path."],
  EISDIR: ["is a folder, but a file is needed", "Name a file in it."],
  EACCES: ["can't be opened: permission denied", "Choose another place, or change its permissions."],
  EPERM: ["can't be opened: not permitted", "Choose another place, or change its permissions."],
  EROFS: ["can't be written: the file system is read-only", "Choose another folder with -o."],
  ENOSPC: ["can't be written: the disk is full", "Free some space or choose another folder with -o."],
  EDQUOT: [
    "can't be written: your disk quota is used up",
    "Free some space or choose another folder with -o.",
  ],
  ENAMETOOLONG: ["has a name that is too long for the file system", "Rename it."],
  ELOOP: ["leads in a circle of symbolic links", "Check the links."],
  EMFILE: ["can't be opened: too many open files", "Close other programs, or raise `ulimit -n`."],
};

/** A file system failure of Node as one sentence that names the path; `as`: the error code when it is not to follow from the system's. */
export function fileSystemError(error: unknown, path: string, as?: ErrorCode): CliError {
  const code = codeOf(error) ?? "";
  const [reason, advice] = SYSTEM_REASONS[code] ?? ["can't be used", ""];
  const detail =
    reason === "can't be used" && error instanceof Error ? `${reason}: ${error.message}` : reason;
  const kind =
    as !== undefined
      ? as
      : code === "ENOENT"
        ? "ERR_FILE_NOT_FOUND"
        : code === "ENOSPC"
          ? "ERR_NO_SPACE"
          : "ERR_FILE_SYSTEM";
  return new CliError(kind, `${clean(path)} ${detail}`, advice, error);
}

/** The failure of a command that was asked to end before it was done. `where`: how far it came, such as " at 38 %"; `rest`: what is left. */
export function interrupted(signal: AbortSignal, rest: string, where = ""): CliError {
  switch (stopReason(signal)) {
    case "timeout":
      return new CliError("ERR_TIMEOUT", `The time given with --timeout is over${where}`, rest);
    case "terminate":
      return new CliError("ERR_TERMINATED", `Stopped${where}`, rest);
    case "interrupt":
      return new CliError("ERR_INTERRUPTED", `Stopped${where}`, rest);
  }
}

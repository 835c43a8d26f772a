import { ShoalError } from "../base/errors.ts";
import type { ErrorCode } from "../base/errors.ts";

/** A disk error as plain data, so that it crosses from a worker to the main thread. */
export interface DiskFault {
  readonly code: ErrorCode;
  readonly message: string;
  /** File or folder, or "" when none is to blame. */
  readonly path: string;
  /** System error code such as "ENOSPC", or "" when the system did not fail. */
  readonly reason: string;
}

/** Carries a fault through code that can only throw. */
export class Faulted extends Error {
  readonly fault: DiskFault;
  constructor(fault: DiskFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** What a failed system call means. While reading, a missing file is a changed file. */
export function systemFault(error: unknown, path: string, reading: boolean): DiskFault {
  if (error instanceof ShoalError) {
    return { code: error.code, message: error.message, path, reason: "" };
  }
  const reason = errnoOf(error);
  if (reason === "ENOSPC" || reason === "EDQUOT") {
    return { code: "ERR_NO_SPACE", message: `there is no space left for "${path}"`, path, reason };
  }
  if (reading && (reason === "ENOENT" || reason === "ENOTDIR")) {
    return { code: "ERR_FILE_CHANGED", message: `"${path}" is missing`, path, reason };
  }
  const verb = reading ? "read" : "write";
  const detail = reason === "" ? String(error) : reason;
  return { code: "ERR_DISK", message: `can't ${verb} "${path}": ${detail}`, path, reason };
}

/** The file ends before the bytes that were asked for. */
export function shortFault(path: string): DiskFault {
  return { code: "ERR_FILE_CHANGED", message: `"${path}" is shorter than it was`, path, reason: "" };
}

/** The error that callers of the disk see; `details` has `path` and `reason` where they are known. */
export function faultError(fault: DiskFault): ShoalError {
  const details: Record<string, unknown> = {};
  if (fault.path !== "") details["path"] = fault.path;
  if (fault.reason !== "") details["reason"] = fault.reason;
  return new ShoalError(fault.code, fault.message, details);
}

/** `systemFault` as an error; an error of ours stays as it is. */
export function systemError(error: unknown, path: string, reading: boolean): ShoalError {
  if (error instanceof ShoalError) return error;
  return faultError(systemFault(error, path, reading));
}

/** System error code such as "ENOENT", or "". */
export function errnoOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** The process, or the machine, has too many files open: closing some may help. */
export function isOutOfFiles(error: unknown): boolean {
  const reason = errnoOf(error);
  return reason === "EMFILE" || reason === "ENFILE";
}

import { countText as count } from "../base/count-text.ts";
import { ShoalError } from "../base/errors.ts";
import { sizeText } from "../base/size-text.ts";
import { because, type WaitingReason } from "./reasons.ts";

/** What is wrong with the disk or the files of a torrent. Sizes in bytes. */
export type DiskTrouble =
  /** `path`: the folder that is full. Null until it is measured. */
  | {
      readonly kind: "full";
      readonly space: Space | null;
    }
  /** `message`: what failed, with its path. `retrying`: it is tried again by itself. */
  | { readonly kind: "error"; readonly message: string; readonly retrying: boolean }
  /** Files that were there are gone, cut short, or others: `path` is the first of so many `files`. */
  | FilesTrouble;

export interface FilesTrouble {
  readonly kind: "missing" | "short" | "changed";
  readonly path: string;
  readonly files: number;
}

/** Bytes needed, and bytes that may be written where they are to go: `kept` more are free, and stay so. */
export interface Space {
  readonly path: string;
  readonly needed: number;
  readonly free: number;
  readonly kept: number;
}

/** Why nothing goes on, as far as the disk or the files are the cause. */
export function explainDisk(trouble: DiskTrouble): WaitingReason {
  switch (trouble.kind) {
    case "full": {
      const { space } = trouble;
      const sizes = space === null ? "" : `: ${spaceText(space)}`;
      return because("disk-full", `the disk is full${sizes}; continues by itself when there is room`);
    }
    case "error":
      return because("disk-error", trouble.retrying ? `${trouble.message}; trying again` : trouble.message);
    case "missing":
    case "short":
      return because("files-missing", `${filesText(trouble)}; goes on by itself when put back unchanged`);
    case "changed":
      return because("files-changed", `${filesText(trouble)}; goes on by itself when put back as before`);
  }
}

function spaceText({ path, needed, free, kept }: Space): string {
  const besides = kept === 0 ? "" : ` besides ${sizeText(kept)} that are kept free`;
  return `${sizeText(needed)} needed in ${path}, ${sizeText(free)} free${besides}`;
}

const FILES_VERBS = {
  missing: ["is missing", "are missing"],
  short: ["is shorter than it was", "are shorter than they were"],
  changed: ["was changed", "were changed"],
} as const;

/** "/a/b and 2 more files are missing". */
function filesText({ kind, path, files }: FilesTrouble): string {
  const [one, many] = FILES_VERBS[kind];
  return files === 1 ? `${path} ${one}` : `${path} and ${count(files - 1, "more file")} ${many}`;
}

/** The trouble as an error. `folder` is left out of `path` in its details, since the path is that of the torrent's file. */
export function filesError(trouble: FilesTrouble, folder: string): ShoalError {
  const code = trouble.kind === "changed" ? "ERR_FILE_CHANGED" : "ERR_FILES_MISSING";
  const { path } = trouble;
  return new ShoalError(code, filesText({ ...trouble, path: `${folder}/${path}` }), { ...trouble, folder });
}

/** Why something can't begin for which there is no room in `path`. Bytes. */
export function spaceError(path: string, needed: number, free: number): ShoalError {
  return new ShoalError("ERR_NO_SPACE", `${path} has not enough free space`, { path, needed, free });
}

/** What `filesError` was made of; null for other errors. */
export function filesTroubleOf({ details }: ShoalError): FilesTrouble | null {
  const { kind, path, files, folder } = details;
  if (kind !== "missing" && kind !== "short" && kind !== "changed") return null;
  if (typeof path !== "string" || typeof files !== "number" || typeof folder !== "string") return null;
  return { kind, path: `${folder}/${path}`, files };
}

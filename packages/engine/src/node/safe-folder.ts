import { mkdirSync, realpathSync } from "node:fs";
import { mkdir, realpath } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { ShoalError } from "../base/errors.ts";
import { errnoOf } from "./disk-fault.ts";

/*
 * Every file is opened without following a symbolic link in its last component; these functions look after the folders
 * before it. A link planted in a download folder may lead elsewhere inside that folder, but not out of it.
 */

/** Throws ERR_PATH when `folder` (absolute, below or at `root`) really lies outside `root`, ENOENT when it is missing. */
export function assertInsideSync(root: string, folder: string): void {
  if (folder === root) return;
  judge(realpathSync.native(root), realpathSync.native(folder), folder);
}

/** `assertInsideSync` without blocking. */
export async function assertInside(root: string, folder: string): Promise<void> {
  if (folder === root) return;
  judge(await realpath(root), await realpath(folder), folder);
}

/** Creates `folder` and what is missing above it, never through a link that leaves `root`. */
export function ensureFolderSync(root: string, folder: string): void {
  mkdirSync(root, { recursive: true });
  if (folder === root) return;
  const realRoot = realpathSync.native(root);
  for (const step of stepsTo(root, folder)) {
    try {
      mkdirSync(step);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    judge(realRoot, realpathSync.native(step), step);
  }
}

/** `ensureFolderSync` without blocking. */
export async function ensureFolder(root: string, folder: string): Promise<void> {
  await mkdir(root, { recursive: true });
  if (folder === root) return;
  const realRoot = await realpath(root);
  for (const step of stepsTo(root, folder)) {
    try {
      await mkdir(step);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    judge(realRoot, await realpath(step), step);
  }
}

/** Folders from just below `root` down to `folder`, `root` left out. */
export function stepsTo(root: string, folder: string): string[] {
  const steps: string[] = [];
  for (let at = folder; at !== root && at !== dirname(at); at = dirname(at)) steps.unshift(at);
  return steps;
}

function judge(realRoot: string, realFolder: string, folder: string): void {
  const prefix = realRoot.endsWith(sep) ? realRoot : realRoot + sep;
  if (realFolder !== realRoot && !realFolder.startsWith(prefix)) {
    throw new ShoalError("ERR_PATH", `"${folder}" leads out of the download folder`, { path: folder });
  }
}

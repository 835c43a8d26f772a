import { lstat, readdir, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ShoalError } from "../base/errors.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import { moveFile } from "./move-file.ts";
import { ensureFolder } from "./safe-folder.ts";

/**
 * Takes every file below `from` to the same place below `to` (see `moveFile`), and deletes the folders that are empty then. After a
 * crash it can be called again. Throws ERR_FILE_EXISTS before anything is moved when something else has one of the names, ERR_PATH when
 * a link leads out of `to`, and ERR_DISK. Does nothing where `from` does not exist.
 */
export async function moveTree(from: string, to: string): Promise<void> {
  const files: string[] = [];
  const folders: string[] = [];
  await walk(from, "", files, folders);
  for (const file of files) {
    const path = join(to, file);
    if ((await lstat(path).catch(() => null)) !== null)
      throw new ShoalError("ERR_FILE_EXISTS", `${path} is there again`, { path });
  }
  for (const file of files) {
    const path = join(to, file);
    try {
      await ensureFolder(to, dirname(path));
      await moveFile(join(from, file), path);
    } catch (error) {
      throw systemError(error, path, false);
    }
  }
  for (const folder of folders.reverse()) await rmdir(join(from, folder)).catch(() => undefined);
}

/** Folders come before what lies in them. Links are files here. */
async function walk(root: string, below: string, files: string[], folders: string[]): Promise<void> {
  const folder = join(root, below);
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (below === "" && errnoOf(error) === "ENOENT") return;
    throw systemError(error, folder, true);
  }
  folders.push(below);
  for (const entry of entries) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) await walk(root, path, files, folders);
    else files.push(path);
  }
}

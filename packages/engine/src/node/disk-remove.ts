import { lstat, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileIndex } from "../base/brand.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import { removeLinks } from "./disk-links.ts";
import { removeEmptyFolders } from "./empty-folders.ts";
import type { FileTable } from "./file-table.ts";
import { assertInside } from "./safe-folder.ts";

/** Deletes regular files of a storage, its links, the folders that are empty then, and the part file. Throws ERR_PATH and ERR_DISK. */
export async function removeOwnFiles(table: FileTable, isOwn: (file: FileIndex) => boolean): Promise<void> {
  await removeLinks(table);
  for (const { index, pad, symlink } of table.layout.files) {
    if (pad || symlink !== null || table.isSkipped(index) || !isOwn(index)) continue;
    const path = table.absolute(index);
    try {
      if (!(await lstat(path)).isFile()) continue;
      await assertInside(table.root, dirname(path));
      await unlink(path);
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes(errnoOf(error))) throw systemError(error, path, false);
    }
  }
  await removeEmptyFolders(table);
  if (table.partPath !== "") await rm(table.partPath, { force: true });
}

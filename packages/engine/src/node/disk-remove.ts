import { lstat, mkdir, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileIndex } from "../base/brand.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import { removeLinks } from "./disk-links.ts";
import { removeEmptyFolders } from "./empty-folders.ts";
import type { FileTable } from "./file-table.ts";
import { moveFile } from "./move-file.ts";
import { assertInside, ensureFolder } from "./safe-folder.ts";

/**
 * Deletes regular files of a storage, or takes them to `trashDir`; deletes its links, the folders that are empty then, and, unless there is a
 * trash, the part file. Throws ERR_PATH and ERR_DISK.
 */
export async function removeOwnFiles(
  table: FileTable,
  isOwn: (file: FileIndex) => boolean,
  trashDir: string | null,
): Promise<void> {
  await removeLinks(table);
  for (const { index, pad, symlink } of table.layout.files) {
    if (pad || symlink !== null || table.isSkipped(index) || !isOwn(index)) continue;
    const path = table.absolute(index);
    try {
      if (!(await lstat(path)).isFile()) continue;
      await assertInside(table.root, dirname(path));
      if (trashDir === null) await unlink(path);
      else await moveToTrash(path, trashDir, table.paths[index]!);
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes(errnoOf(error))) throw systemError(error, path, false);
    }
  }
  await removeEmptyFolders(table);
  if (table.partPath !== "" && trashDir === null) await rm(table.partPath, { force: true });
}

async function moveToTrash(path: string, trashDir: string, below: string): Promise<void> {
  const to = join(trashDir, below);
  await mkdir(trashDir, { recursive: true, mode: 0o700 });
  await ensureFolder(trashDir, dirname(to));
  await moveFile(path, to);
}

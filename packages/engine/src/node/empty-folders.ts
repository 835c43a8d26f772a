import { rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileTable } from "./file-table.ts";
import { assertInside, stepsTo } from "./safe-folder.ts";

/** Deletes the folders of a storage that are empty, never its root. */
export async function removeEmptyFolders(table: FileTable): Promise<void> {
  const folders = new Set<string>();
  for (const file of table.layout.files) {
    if (file.pad) continue;
    for (const step of stepsTo(table.root, dirname(table.absolute(file.index)))) folders.add(step);
  }
  // A folder is longer than those it lies in: the innermost come first.
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    try {
      await assertInside(table.root, folder);
      await rmdir(folder);
    } catch {
      // Not empty, not there, or not ours to delete.
    }
  }
}

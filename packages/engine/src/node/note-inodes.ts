import { lstat } from "node:fs/promises";
import type { FileIndex } from "../base/brand.ts";
import { systemError } from "./disk-fault.ts";
import type { FileTable } from "./file-table.ts";

/** The files as they are now are the ones that are written to (see `FileTable.inodes`). */
export async function noteInodes(table: FileTable, files: Iterable<FileIndex>): Promise<void> {
  for (const file of files) {
    const path = table.absolute(file);
    const stats = await lstat(path).catch((error: unknown) => {
      throw systemError(error, path, false);
    });
    if (table.inodes !== null) table.inodes[file] = stats.ino;
  }
}

import { rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const NAME = ".shoal-trash";

/** Where files of a download folder go until their removal can't be undone any more: on the same file system, mostly. */
export function trashFolder(downloadDir: string, name: string): string {
  return join(downloadDir, NAME, name);
}

/** Deletes what is in a trash folder, and the folder. */
export async function emptyTrash(folder: string): Promise<void> {
  // Whatever the database says: nothing else is ever deleted with all that it holds.
  if (basename(dirname(folder)) !== NAME) return;
  await rm(folder, { recursive: true, force: true });
  await tidyTrash(folder);
}

/** Deletes the trash of a download folder when nothing is in it. */
export async function tidyTrash(folder: string): Promise<void> {
  await rmdir(dirname(folder)).catch(() => undefined);
}

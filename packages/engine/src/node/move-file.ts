import { copyFile, open, rename, stat, unlink, utimes } from "node:fs/promises";
import { errnoOf } from "./disk-fault.ts";

/**
 * Gives a file another path, which may be on another file system: there it is copied, and the old one deleted once the copy is on the disk. After a
 * crash it can be called again. Throws what the system says.
 */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== "EXDEV") throw error;
    await copyWhole(from, to);
    await unlink(from);
  }
}

async function copyWhole(from: string, to: string): Promise<void> {
  const aside = `${to}.moving`;
  try {
    const { atime, mtime } = await stat(from);
    await copyFile(from, aside);
    await utimes(aside, atime, mtime);
    const file = await open(aside, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, to);
  } catch (error) {
    await unlink(aside).catch(() => undefined);
    throw error;
  }
}

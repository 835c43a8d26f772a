import { open } from "node:fs/promises";

/** fsync of a folder, so that new names in it survive a loss of power. Best effort: some systems don't open folders. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The bytes of the files are safe; only a name could be lost with the machine's power.
  }
}

import { stat } from "node:fs/promises";
import type { FileRights } from "../checks/files.ts";

/** The permissions of those of the files that are there; on Windows the mode says nothing. */
export async function readRights(
  files: readonly Omit<FileRights, "mode">[],
  platform: NodeJS.Platform,
): Promise<FileRights[]> {
  if (platform === "win32") return [];
  const found = await Promise.all(
    files.map(async ({ path, allowed }) => {
      const stats = await stat(path).catch(() => null);
      return stats === null ? null : { path, allowed, mode: stats.mode & 0o777 };
    }),
  );
  return found.filter((one) => one !== null);
}

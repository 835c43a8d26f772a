import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseMetainfo, safePaths, sizeText } from "@shoal/engine";
import { ApiError } from "@shoal/server";
import type { FileChoice } from "../edits/file-choice.ts";
import { exists, rootOf } from "../completion/incomplete-place.ts";

/** What is about to be added. */
interface Wanted {
  readonly torrentBytes: Uint8Array;
  /** Which files are wanted; null: all. */
  readonly files: FileChoice | null;
  /** Where it is to lie at first and in the end; absolute. */
  readonly folders: readonly string[];
  /** Bytes of the disk that are to stay free. */
  readonly reserve: number;
}

/** Throws ApiError ERR_NO_SPACE when a download does not fit. What is there already of one is not known yet: that is gone on with. */
export async function assertRoom({ torrentBytes, files, folders, reserve }: Wanted): Promise<void> {
  const { name, multiFile, layout } = parseMetainfo(torrentBytes);
  const { paths } = safePaths(name, multiFile, layout.files);
  const root = rootOf(paths);
  for (const folder of folders) if (await exists(join(folder, root))) return;
  const needed =
    files === null
      ? layout.contentSize
      : layout.files
          .filter(({ pad }) => !pad)
          .filter(({ index }, at) => files.priorityOf(index, at + 1, paths[index]!, true) > 0)
          .reduce((sum, { size }) => sum + size, 0);
  for (const folder of folders) {
    const free = await freeSpace(folder);
    if (free === null || needed + reserve <= free) continue;
    const kept = reserve === 0 ? "" : `, and ${sizeText(reserve)} are to stay free`;
    throw new ApiError(
      507,
      "ERR_NO_SPACE",
      `${name} needs ${sizeText(needed)}, but ${folder} has ${sizeText(free)} free${kept}`,
      "Free some space, choose another folder, or add it anyway: it waits until there is room.",
    );
  }
}

/** Bytes that an ordinary user may write below a folder, which may not exist yet; null where the system doesn't tell. */
async function freeSpace(folder: string): Promise<number | null> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch {
      if (dirname(at) === at) return null;
    }
  }
}

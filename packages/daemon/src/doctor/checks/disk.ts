import { sizeText as formatSize } from "@shoal/engine";
import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { hidden, said } from "../said.ts";

/** A folder that is written to. Sizes in bytes. */
export interface FolderFacts {
  /** What it is for: "downloads", "state". */
  readonly use: string;
  readonly path: string;
  /** The system's code for why nothing could be written; null when it could. */
  readonly trouble: string | null;
  /** Null where that can't be measured. */
  readonly free: number | null;
  /** Files that there is still room for; null where the file system does not count them. */
  readonly freeFiles: number | null;
  /** How long a small write took until it was on the disk, ms. */
  readonly writeMs: number | null;
  /** To be left free. */
  readonly reserve: number;
}

/** Where nothing is to be left free, this still is full. */
const LITTLE = 10_000_000;
const FEW_FILES = 1_000;
const SLOW_MS = 2_000;

/** One finding for each folder that is not well, or one for all. */
export function checkDisk(folders: readonly FolderFacts[]): Finding[] {
  const bad = folders.map(checkFolder).filter((found) => found !== null);
  if (bad.length > 0) return bad;
  const sizes = [...new Set(folders.flatMap(({ free }) => (free === null ? [] : [formatSize(free)])))];
  const free = sizes.length === 0 ? "" : `${sizes.join(" and ")} free, `;
  return [finding("disk", "ok", said`${free}writable`)];
}

function checkFolder(folder: FolderFacts): Finding | null {
  const { trouble, free, freeFiles, writeMs, reserve } = folder;
  const where = said`the folder for ${folder.use}, ${hidden("folder", folder.path)},`;
  const move = "choose another folder: shoal config set downloads.dir DIR";
  switch (trouble) {
    case null:
      break;
    case "ENOSPC":
    case "EDQUOT":
      return failure("disk", EXIT.noSpace, said`${where} is full`, "make room on that disk", move);
    case "EROFS":
      return failure(
        "disk",
        EXIT.fileSystem,
        said`${where} is on a disk that can only be read`,
        "make the disk writable again: it may have been put to read-only after an error",
        move,
      );
    case "EACCES":
    case "EPERM":
      return failure(
        "disk",
        EXIT.fileSystem,
        said`${where} may not be written by this user`,
        `give this user the right to write: chmod u+rwx ${folder.path}`,
        move,
      );
    case "ENOENT":
    case "ENOTDIR":
      return failure(
        "disk",
        EXIT.fileSystem,
        said`${where} is not there and can't be made`,
        "attach the drive that it is on",
        move,
      );
    default:
      return failure(
        "disk",
        EXIT.fileSystem,
        said`${where} can't be written (${trouble})`,
        "look at the health of that disk",
        move,
      );
  }
  if (free !== null && free < Math.max(LITTLE, reserve)) {
    const rule = reserve > LITTLE ? said`, and ${formatSize(reserve)} are to stay so` : said``;
    const text = said`${where} has ${formatSize(free)} free${rule}: downloads wait`;
    return failure("disk", EXIT.noSpace, text, "make room on that disk", move);
  }
  if (freeFiles === 0)
    return failure("disk", EXIT.noSpace, said`${where} has no room for more files, however small`, move);
  if (freeFiles !== null && freeFiles < FEW_FILES)
    return finding("disk", "warn", said`${where} has room for ${freeFiles} more files only`, move);
  if (writeMs !== null && writeMs > SLOW_MS)
    return finding("disk", "warn", said`${where} took ${Math.round(writeMs)} ms for a small write`, move);
  return null;
}

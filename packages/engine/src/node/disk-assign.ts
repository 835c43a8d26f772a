import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { PartCarry } from "../ports/disk.ts";
import { copyRange } from "./copy-range.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import type { FileTable } from "./file-table.ts";
import { noteInodes } from "./note-inodes.ts";
import { ensureFolder } from "./safe-folder.ts";

const NO_FOLLOW: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Gives files that were skipped what the part file has of theirs. Either all of them are there in the end, or (ERR_FILE_EXISTS,
 * ERR_NO_SPACE, ERR_DISK) none that was not before.
 */
export async function carryFromPart(table: FileTable, carry: PartCarry): Promise<void> {
  const files = carry.files.filter((file) => table.layout.files[file]?.symlink === null);
  const created: string[] = [];
  try {
    for (const file of files) {
      const path = table.absolute(file);
      if (await createFile(table, file, carry.mayExist(file))) created.push(path);
    }
    await noteInodes(table, files);
    const part = await openPart(table.partPath);
    if (part === null) return;
    try {
      const pieces = carry.pieces();
      for (const file of files) await fill(table, part, file, pieces);
    } finally {
      await part.close();
    }
  } catch (error) {
    for (const path of created) await rm(path, { force: true });
    throw error;
  }
}

/** True when it was not there before. */
async function createFile(table: FileTable, file: FileIndex, mayExist: boolean): Promise<boolean> {
  const path = table.absolute(file);
  const mode = table.executable(file) ? 0o777 : 0o666;
  const flags = constants.O_RDWR | constants.O_CREAT | NO_FOLLOW;
  try {
    await ensureFolder(table.root, dirname(path));
    try {
      await (await open(path, flags | constants.O_EXCL, mode)).close();
      return true;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    if (mayExist) return false;
  } catch (error) {
    throw systemError(error, path, false);
  }
  throw new ShoalError("ERR_FILE_EXISTS", `${path} already exists and is not part of this download`, {
    path,
  });
}

async function openPart(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | NO_FOLLOW);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw systemError(error, path, true);
  }
}

async function fill(
  table: FileTable,
  part: FileHandle,
  file: number,
  pieces: readonly number[],
): Promise<void> {
  const { offset, size, firstPiece, endPiece } = table.layout.files[file]!;
  const { pieceLength } = table.layout;
  const path = table.absolute(file);
  const target = await open(path, constants.O_RDWR | NO_FOLLOW).catch((error: unknown) => {
    throw systemError(error, path, false);
  });
  try {
    for (const piece of pieces) {
      if (piece < firstPiece || piece >= endPiece) continue;
      const from = Math.max(0, piece * pieceLength - offset);
      const to = Math.min(size, (piece + 1) * pieceLength - offset);
      // What the part file lacks was never written.
      await copyRange(part, offset + from, target, from, to - from, { overHole: false });
    }
    await target.sync();
  } catch (error) {
    throw systemError(error, path, false);
  } finally {
    await target.close();
  }
}

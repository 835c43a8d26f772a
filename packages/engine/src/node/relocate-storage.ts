import type { PieceIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { RelocateOptions, StoragePlace } from "../ports/disk.ts";
import { DiskMove } from "./disk-move.ts";
import type { FileTable } from "./file-table.ts";

/** A storage that is in use while its files go to another place. */
export interface ChangingStorage {
  readonly table: FileTable;
  /** Carries out work with nothing else under way and all files closed. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Whether pieces that are written are noted. */
  noteWrites(on: boolean): void;
  /** Pieces that were written since the last call; what was handed to the disk by now is in the files when it ends. */
  takeWritten(): Promise<readonly PieceIndex[]>;
  /** From now on the files are where `table` says. Only while nothing else is under way. */
  retarget(table: FileTable): void;
}

/** See `Disk.relocate`. */
export async function relocateStorage(
  storage: ChangingStorage,
  to: StoragePlace,
  options: RelocateOptions = {},
): Promise<void> {
  const table = storage.table.with(to);
  const move = new DiskMove(storage.table, table, options);
  await move.assertFree();
  if (!(await move.isFar()) && (await rename(storage, table, move, options))) return;
  storage.noteWrites(true);
  try {
    // What was handed to the disk before is in the files from here on.
    await storage.takeWritten();
    await move.copy(() => storage.takeWritten());
    await storage.alone(async () => {
      await move.publish(await storage.takeWritten());
      storage.retarget(table);
      options.onMoved?.();
    });
  } catch (error) {
    await move.undoCopies();
    throw error;
  } finally {
    storage.noteWrites(false);
  }
  await move.removeSources();
}

/** See `Disk.recoverRelocation`. */
export function recoverStorage(
  storage: ChangingStorage,
  to: StoragePlace,
  copied: boolean,
): Promise<boolean> {
  const table = storage.table.with(to);
  const move = new DiskMove(storage.table, table);
  return storage.alone(async () => {
    const arrived = copied && (await move.goOn());
    if (arrived) storage.retarget(table);
    else await move.takeBack();
    return arrived;
  });
}

/** False, and nothing has changed, when the files have to be copied after all: a folder can be joined from several file systems. */
function rename(
  storage: ChangingStorage,
  to: FileTable,
  move: DiskMove,
  options: RelocateOptions,
): Promise<boolean> {
  return storage.alone(async () => {
    try {
      await move.rename();
    } catch (error) {
      if (error instanceof ShoalError && error.details["reason"] === "EXDEV") return false;
      throw error;
    }
    storage.retarget(to);
    options.onMoved?.();
    return true;
  });
}

import { type FilePriority, type FileProgress, type Torrent, ShoalError } from "@shoal/engine";
import type { FileChanges } from "@shoal/schema";
import { ApiError } from "@shoal/server";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";
import { FileChoice } from "./file-choice.ts";

/**
 * Changes which files are wanted, also of a torrent whose files are not known yet. Resolves when that is durable. Throws ApiError and what
 * `Torrent.setFilePriorities` throws.
 */
export async function editFiles(
  transfers: Transfers,
  transfer: Transfer,
  changes: FileChanges,
): Promise<void> {
  const { torrent } = transfer;
  const files = torrent.row() === null ? null : await torrent.files();
  await setFilePriorities(transfers, transfer, chosen(changes, files));
}

/** The same for priorities by index. */
export async function setFilePriorities(
  transfers: Transfers,
  transfer: Transfer,
  priorities: ReadonlyMap<number, FilePriority>,
): Promise<void> {
  if (priorities.size === 0) return;
  const { torrent, record } = transfer;
  if (torrent.row() !== null) await torrent.setFilePriorities(priorities);
  record.files ??= new FileChoice();
  record.files.set(priorities);
  await transfers.saveNow(transfer);
}

/** `files`: null while they are not known. */
function chosen(changes: FileChanges, files: readonly FileProgress[] | null): Map<number, FilePriority> {
  const found = new Map<number, FilePriority>();
  const known = files === null ? null : new Map(files.map((file) => [file.index, file]));
  const set = (indices: readonly number[] | undefined, priority: FilePriority): void => {
    for (const index of indices ?? []) {
      if (known !== null && !known.has(index))
        throw new ApiError(404, "ERR_NOT_FOUND", `There is no file with the index ${index}`);
      found.set(index, priority);
    }
  };
  set(changes.skip, 0);
  set(changes.low, 1);
  set(changes.normal, 4);
  set(changes.high, 7);
  const skipped = (changes.want ?? []).filter((index) => known?.get(index)?.wanted !== true);
  set(skipped, 4);
  return found;
}

/**
 * Gives another name to the file or folder at `path`, or, where it is null, to the torrent's own folder or only file. Throws ApiError and what
 * `Torrent.renameFile` throws.
 */
async function renameOnDisk(torrent: Torrent, path: string, name: string): Promise<void> {
  const files = await torrent.files();
  const named = files.filter((file) => file.path === path || file.path.startsWith(`${path}/`));
  if (named.length === 0)
    throw new ApiError(404, "ERR_NOT_FOUND", `There is no file or folder ${JSON.stringify(path)} in it`);
  if (/[/\\]/.test(name))
    throw new ShoalError("ERR_PATH", `"${name}" is not one name; name what is to be renamed by its path`);
  const at = path.lastIndexOf("/");
  if (at < 0) return torrent.renameRoot(name);
  const to = `${path.slice(0, at)}/${name}`;
  for (const file of named) await torrent.renameFile(file.index, to + file.path.slice(path.length));
}

/** Gives a transfer, or a file or folder of it, another name. Resolves when that is durable. Throws as `renameOnDisk`. */
export async function renameTransfer(
  transfers: Transfers,
  transfer: Transfer,
  path: string | null,
  name: string,
): Promise<void> {
  const { torrent, record } = transfer;
  const isKnown = torrent.row() !== null;
  if (path !== null && !isKnown) throw new ApiError(409, "ERR_NO_METADATA", "Its files are not known yet");
  if (isKnown) {
    const [first] = await torrent.files();
    const root = first?.path.split("/")[0] ?? "";
    await renameOnDisk(torrent, path ?? root, name);
    if (path === null || path === root) record.title = name;
  } else {
    record.title = name;
  }
  await transfers.saveNow(transfer);
}

import type { AddTorrent, GetFile } from "@shoal/schema";
import type { Database } from "@shoal/server";
import { sql } from "kysely";
import type { Tables } from "../state/tables.ts";
import type { Transfer } from "../transfer.ts";
import type { Wishes } from "../transfer-record.ts";
import type { Transfers } from "../transfers.ts";
import type { FileIndex, KnownFile } from "./file-index.ts";

const NORMAL = 4;
const SKIP = 0;

export interface GetFileParts {
  readonly fileIndex: FileIndex;
  readonly transfers: Transfers;
  readonly database: Database<Tables>;
  /** Adds a transfer. */
  readonly add: (wanted: AddTorrent) => Promise<Transfer>;
}

/**
 * Fetches a file by its id, or the beginning of it: the transfer that has it goes on with that file wanted, else it comes on the list again with
 * that file alone. Throws what `FileIndex.find` and adding throw.
 */
export async function getFile(parts: GetFileParts, prefix: string, how: GetFile): Promise<Transfer> {
  const { fileIndex, transfers } = parts;
  const [file] = await fileIndex.find(prefix);
  const listed = fileIndex.transferOf(file);
  const transfer = listed ?? (await addAgain(parts, file, how));
  if (listed !== null) await transfers.change(listed, changesOf(listed, how));
  const { torrent, record } = transfer;
  const files = record.seedOnly ? [] : await torrent.files();
  if (files.some(({ index, priority }) => index === file.fileIndex && priority === SKIP))
    await torrent.setFilePriorities(new Map([[file.fileIndex, NORMAL]]));
  if (how.paused !== true && (!transfer.mayRun || torrent.state === "error"))
    await transfers.resume(transfer);
  return transfer;
}

function changesOf(
  { record }: Transfer,
  { labels = [], sequential, firstLast, goals, limits }: GetFile,
): Partial<Wishes> {
  return {
    labels: [...new Set([...record.labels, ...labels])],
    ...(sequential === undefined ? {} : { sequential }),
    ...(firstLast === undefined ? {} : { firstLast }),
    ...(goals === undefined ? {} : { goals: { ...record.goals, ...goals } }),
    ...(limits === undefined ? {} : { limits }),
  };
}

async function addAgain({ add, database }: GetFileParts, file: KnownFile, how: GetFile): Promise<Transfer> {
  const metainfo = await metainfoOf(database, file);
  if (metainfo === null) return add({ ...how, magnet: `${file.magnet}&so=${file.fileIndex}` });
  const torrent = Buffer.from(metainfo).toString("base64");
  // Nothing is to be written of the others.
  const transfer = await add({ ...how, torrent, paused: true });
  const others = (await transfer.torrent.files()).filter(({ index }) => index !== file.fileIndex);
  await transfer.torrent.setFilePriorities(new Map(others.map(({ index }) => [index, SKIP])));
  return transfer;
}

/** The .torrent file of a transfer that is gone; null when it was not kept. */
async function metainfoOf({ query }: Database<Tables>, { key }: KnownFile): Promise<Uint8Array | null> {
  const row = await query
    .selectFrom("retired")
    .select("metainfo")
    .where(sql`json_extract(wishes, '$.key')`, "=", key)
    .where("metainfo", "is not", null)
    .orderBy("torrent", "desc")
    .executeTakeFirst();
  return row?.metainfo ?? null;
}

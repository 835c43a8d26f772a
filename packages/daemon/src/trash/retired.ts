import type { Selectable } from "kysely";
import type { RetiredTable, TorrentTable } from "../state/tables.ts";

/** Larger .torrent files are not kept once the transfer is gone: the metadata is asked for again then. */
const MAX_METAINFO = 1_048_576;

/** What is kept of a transfer that was removed, to add it again. */
export function retiredRow(row: Selectable<TorrentTable>, metainfo: Uint8Array | null): RetiredTable {
  const isSmall = metainfo !== null && metainfo.length <= MAX_METAINFO;
  return { torrent: row.id, wishes: JSON.stringify(row), metainfo: isSmall ? metainfo : null };
}

/** The columns of a new transfer that is to be as one was that is gone; `known` are those that the table has now. */
export function reborn(
  wishes: string,
  known: ReadonlySet<string>,
  addedAt: string,
): Omit<Selectable<TorrentTable>, "id"> {
  const before = JSON.parse(wishes) as Selectable<TorrentTable>;
  const kept = Object.fromEntries(
    Object.entries(before).filter(([name]) => name !== "id" && known.has(name)),
  );
  return {
    ...(kept as Omit<Selectable<TorrentTable>, "id">),
    paused: 0,
    completing: 0,
    reached: null,
    // What is there now is to be found out anew.
    row: null,
    addedAt,
    finishedAt: null,
    removedAt: null,
  };
}

import { isIP } from "node:net";
import { type AddOptions, type Endpoint, isSelected, parseMagnet, type TorrentRow } from "@shoal/engine";
import type { Selectable } from "kysely";
import type { TorrentTable } from "./state/tables.ts";
import type { TorrentFiles } from "./state/torrent-files.ts";
import type { FileChoice } from "./edits/file-choice.ts";
import type { TransferRecord } from "./transfer-record.ts";

/** How the torrent of a row begins, when not as the row says. */
export interface BeginHow {
  readonly paused?: boolean;
}

/** How the torrent of a row is added to the session: at rest as far as possible. */
export async function storedTorrent(
  stored: Selectable<TorrentTable>,
  files: TorrentFiles,
  { paused }: BeginHow,
  record: TransferRecord,
): Promise<AddOptions> {
  return {
    ...(await sourceOf(stored, files)),
    downloadDir: stored.downloadDir,
    paused: paused ?? (record.paused || record.reached !== null),
    forced: record.forced,
    rank: stored.rank,
    limits: record.limits,
    sequential: record.sequential,
    firstLast: record.firstLast,
    ...selectBy(record.files, record.magnet),
    ...peersOf(stored),
    ...(record.seedOnly ? sharedPlace(stored.rootName) : {}),
  };
}

/** Files are wanted as `files` says whenever it is asked, also after it has changed. */
export function selectBy(files: FileChoice | null, magnet: string | null): Pick<AddOptions, "select"> {
  if (files === null) return {};
  const chosen = magnet === null ? null : parseMagnet(magnet).selectOnly;
  return {
    select: ({ index }, path, number) => files.priorityOf(index, number, path, isSelected(chosen, index)),
  };
}

/** Those that were named when it was added: nobody else may know of them. */
function peersOf({ magnet, peers }: Selectable<TorrentTable>): Pick<AddOptions, "peers"> {
  const linked = magnet === null ? [] : parseMagnet(magnet).peers.filter(({ host }) => isIP(host) !== 0);
  const all = [...(JSON.parse(peers) as Endpoint[]), ...linked];
  return all.length === 0 ? {} : { peers: all };
}

export function sharedPlace(rootName: string | null): Pick<AddOptions, "seedOnly" | "rootName"> {
  return { seedOnly: true, ...(rootName === null ? {} : { rootName }) };
}

async function sourceOf(
  { key, magnet, row }: Selectable<TorrentTable>,
  files: TorrentFiles,
): Promise<Partial<AddOptions>> {
  if (row !== null) return { row: JSON.parse(row) as TorrentRow, load: () => files.load(key) };
  const torrentBytes = await files.find(key);
  if (torrentBytes !== null) return { torrentBytes };
  return magnet === null ? { infoHash: key } : { magnet };
}

import { formatMagnet, parseMagnet } from "@shoal/engine";
import type { TrackerChanges } from "@shoal/schema";
import { ApiError } from "@shoal/server";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";

/** Changes trackers, all or none. Resolves when that is durable. Throws ApiError ERR_NOT_FOUND and ERR_INVALID_ARGUMENT. */
export async function editTrackers(
  transfers: Transfers,
  transfer: Transfer,
  { add = [], remove = [], replace = [] }: TrackerChanges,
): Promise<void> {
  const { torrent } = transfer;
  const known = new Set(torrent.trackers().map(({ url }) => url));
  const gone = [...remove, ...replace.map(({ from }) => from)];
  const missing = gone.find((url) => !known.has(url));
  if (missing !== undefined) throw new ApiError(404, "ERR_NOT_FOUND", `It has no tracker ${missing}`);
  torrent.addTrackers([...add, ...replace.map(({ to }) => to)]);
  const stays = new Set(replace.filter(({ from, to }) => from === to).map(({ from }) => from));
  for (const url of gone) if (!stays.has(url)) torrent.removeTracker(url);
  await keepTrackers(transfers, transfer);
}

/** As long as its files are not known, only its link tells the next run of its trackers. */
export async function keepTrackers(transfers: Transfers, transfer: Transfer): Promise<void> {
  const { torrent, record } = transfer;
  if (torrent.row() === null && record.magnet !== null) {
    const trackers = torrent.trackers().map(({ url }) => url);
    record.magnet = formatMagnet({ ...parseMagnet(record.magnet), trackers });
  }
  await transfers.saveNow(transfer);
}

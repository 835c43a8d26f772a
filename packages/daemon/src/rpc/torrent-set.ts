import { setFilePriorities } from "../edits/edit-files.ts";
import { keepTrackers } from "../edits/edit-trackers.ts";
import type { Torrent } from "@shoal/engine";
import type { Transfer } from "../transfer.ts";
import type { ShoalNode } from "../shoal-node.ts";
import { ArgumentReader } from "./arguments.ts";
import { choosePriorities, choosesFiles } from "./file-choice.ts";
import { readGoals } from "./goal-fields.ts";
import { type LimitsWhenOff, readLimits } from "./limit-fields.ts";
import { readLabels } from "./labels.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";

/** In Transmission's words. */
const INVALID = "invalid argument";

/** The URL of a tracker that has this number. */
type TrackerOf = (torrent: Torrent, id: number) => string | undefined;

export interface SetContext {
  readonly trackerOf: TrackerOf;
  readonly whenOff: LimitsWhenOff;
}

/** `torrent-set` for one transfer. Throws RpcError and ShoalError; what comes before in Transmission's order is done then. */
export async function setTorrent(
  { transfers, queue }: Pick<ShoalNode, "transfers" | "queue">,
  transfer: Transfer,
  args: RpcArguments,
  { trackerOf, whenOff }: SetContext,
): Promise<void> {
  const read = new ArgumentReader(args);
  const { torrent, record } = transfer;
  const labels = readLabels(read);
  const limits = readLimits(read, torrent, whenOff);
  const goals = readGoals(read, record.goals);
  const sequential = read.flag("sequential_download") ?? read.flag("sequentialDownload");
  await transfers.change(transfer, {
    ...(labels === undefined ? {} : { labels }),
    ...(goals === undefined ? {} : { goals }),
    ...(sequential === undefined ? {} : { sequential }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  });
  if (choosesFiles(read)) {
    const chosen = choosePriorities(read, await torrent.files());
    await setFilePriorities(transfers, transfer, chosen);
  }
  const position = read.whole("queuePosition", 0, 2 ** 31);
  if (position !== undefined) await queue.move([transfer], position);
  setTrackers(torrent, read, trackerOf);
  await keepTrackers(transfers, transfer);
}

function setTrackers(torrent: Torrent, read: ArgumentReader, trackerOf: TrackerOf): void {
  for (const id of read.indices("trackerRemove") ?? []) {
    const url = trackerOf(torrent, id);
    if (url === undefined) throw new RpcError(INVALID);
    torrent.removeTracker(url);
  }
  const added = read.texts("trackerAdd") ?? [];
  if (added.length > 0) torrent.addTrackers(added);
  const replaced = read.list("trackerReplace") ?? [];
  for (let i = 0; i + 1 < replaced.length; i += 2) {
    const [id, url] = [replaced[i], replaced[i + 1]];
    const old = typeof id === "number" ? trackerOf(torrent, id) : undefined;
    if (old === undefined || typeof url !== "string") throw new RpcError(INVALID);
    if (old === url) continue;
    torrent.addTrackers([url]);
    torrent.removeTracker(old);
  }
  const list = read.text("trackerList");
  if (list !== undefined)
    replaceTrackers(
      torrent,
      list.split(/\s+/).filter((url) => url !== ""),
    );
}

function replaceTrackers(torrent: Torrent, urls: readonly string[]): void {
  const before = new Set(torrent.trackers().map(({ url }) => url));
  const fresh = urls.filter((url) => !before.has(url));
  if (fresh.length > 0) torrent.addTrackers(fresh);
  for (const url of before) if (!urls.includes(url)) torrent.removeTracker(url);
}

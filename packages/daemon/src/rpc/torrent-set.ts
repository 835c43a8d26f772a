import type { Torrent } from "@shoal/engine";
import type { TrackerChanges } from "@shoal/schema";
import type { RemoteMemory } from "../remote-memory.ts";
import type { Transfer } from "../transfer.ts";
import type { ShoalNode } from "../shoal-node.ts";
import { setFilePriorities } from "../edits/edit-files.ts";
import { editTrackers } from "../edits/edit-trackers.ts";
import { ArgumentReader } from "./arguments.ts";
import { chosenPriorities, choosesFiles } from "./file-choice.ts";
import { readGoals } from "./goal-fields.ts";
import { readLimits } from "./limit-fields.ts";
import { readLabels } from "./labels.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";

/** In Transmission's words. */
const INVALID = "invalid argument";

/** The URL of a tracker that has this number. */
type TrackerOf = (torrent: Torrent, id: number) => string | undefined;

export interface SetContext {
  readonly trackerOf: TrackerOf;
  readonly trackerReplaced: (torrent: Torrent, from: string, to: string) => void;
}

/** `torrent-set` for one transfer. Throws RpcError and ShoalError; what comes before in Transmission's order is done then. */
export async function setTorrent(
  { transfers, queue }: Pick<ShoalNode, "transfers" | "queue">,
  transfer: Transfer,
  args: RpcArguments,
  { trackerOf, trackerReplaced }: SetContext,
): Promise<void> {
  const read = new ArgumentReader(args);
  const { torrent, record } = transfer;
  const labels = readLabels(read);
  const { remote } = record;
  const limits = readLimits(read, torrent, remote);
  const goals = readGoals(read, record.goals, remote);
  const files = choosesFiles(read) ? await chosenPriorities(read, torrent, remote.files) : null;
  const sequential = read.flag("sequential_download") ?? read.flag("sequentialDownload");
  await transfers.change(transfer, {
    ...(labels === undefined ? {} : { labels }),
    ...(goals === null ? {} : { goals: goals.goals }),
    ...(sequential === undefined ? {} : { sequential }),
    ...(Object.keys(limits.changes).length === 0 ? {} : { limits: limits.changes }),
    remote: {
      ...remote,
      ...limits.memory,
      ...goals?.memory,
      ...readPriority(read),
      ...(files === null ? {} : { files: files.remembered }),
    },
  });
  if (files !== null) await setFilePriorities(transfers, transfer, files.priorities);
  const position = read.whole("queuePosition", 0, 2 ** 31);
  if (position !== undefined) await queue.move([transfer], position);
  const trackers = trackerChanges(torrent, read, trackerOf);
  if (trackers === null) return;
  await editTrackers(transfers, transfer, trackers);
  for (const { from, to } of trackers.replace ?? []) trackerReplaced(torrent, from, to);
}

/** Of its bandwidth: it is remembered. */
export function readPriority(read: ArgumentReader): Pick<RemoteMemory, "priority"> {
  const priority = read.whole("bandwidthPriority", -1, 1);
  return priority === undefined ? {} : { priority };
}

/** What the arguments change of the trackers; null for nothing. */
function trackerChanges(torrent: Torrent, read: ArgumentReader, trackerOf: TrackerOf): TrackerChanges | null {
  const known = (id: unknown): string => {
    const url = typeof id === "number" ? trackerOf(torrent, id) : undefined;
    if (url === undefined) throw new RpcError(INVALID);
    return url;
  };
  const remove = (read.indices("trackerRemove") ?? []).map(known);
  const add = [...(read.texts("trackerAdd") ?? [])];
  const replace: { from: string; to: string }[] = [];
  const pairs = read.list("trackerReplace") ?? [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const to = pairs[i + 1];
    if (typeof to !== "string") throw new RpcError(INVALID);
    replace.push({ from: known(pairs[i]), to });
  }
  const list = read.text("trackerList");
  if (list !== undefined) {
    const urls = list.split(/\s+/).filter((url) => url !== "");
    const before = torrent.trackers().map(({ url }) => url);
    add.push(...urls.filter((url) => !before.includes(url)));
    remove.push(...before.filter((url) => !urls.includes(url)));
  }
  return add.length + remove.length + replace.length === 0 ? null : { add, remove, replace };
}

import type { BulkAction, MoveFiles, QueueMove } from "@shoal/schema";
import { ApiError } from "@shoal/server";
import type { ShoalNode } from "../shoal-node.ts";
import type { Transfer } from "../transfer.ts";
import { editTrackers } from "./edit-trackers.ts";

type Node = Pick<ShoalNode, "transfers" | "queue" | "moves" | "log" | "history">;

/** Begins to compare everything with the hashes; that goes on after this has ended. */
export function recheck({ log }: Pick<ShoalNode, "log">, { id, torrent }: Transfer): void {
  torrent.recheck().catch((error: unknown) => log.warn("a check has ended early", { id, error }));
}

/** Gives a transfer other labels. Resolves when that is durable. Throws ApiError ERR_TOO_MANY. */
async function relabel(
  { transfers }: Pick<ShoalNode, "transfers">,
  transfer: Transfer,
  { add = [], remove = [] }: NonNullable<BulkAction["labels"]>,
): Promise<void> {
  const labels = [...new Set([...transfer.record.labels, ...add])].filter((name) => !remove.includes(name));
  if (labels.length > MOST_LABELS)
    throw new ApiError(409, "ERR_TOO_MANY", `A transfer has ${MOST_LABELS} labels at most`);
  await transfers.change(transfer, { labels });
}

const MOST_LABELS = 50;

/** Throws ApiError ERR_VALIDATION. */
export function queueMoveOf({ move, position }: QueueMove): Parameters<ShoalNode["queue"]["move"]>[1] {
  if ((move === undefined) === (position === undefined)) throw invalid("Give one of move and position");
  return move ?? position! - 1;
}

/** Does what a bulk action says to one transfer; all but `queue`, which is done to all at once. Throws what that throws. */
export async function act(node: Node, transfer: Transfer, wanted: BulkAction): Promise<void> {
  const { transfers } = node;
  switch (wanted.action) {
    case "pause":
      return transfers.pause(transfer);
    case "resume":
      return transfers.resume(transfer);
    case "recheck":
      return recheck(node, transfer);
    case "announce":
      return transfer.torrent.announce();
    case "remove":
      return transfers.remove(transfer, wanted.deleteFiles === true);
    case "set":
      return transfers.change(transfer, needed(wanted, "changes"));
    case "label":
      return relabel(node, transfer, needed(wanted, "labels"));
    case "move":
      return node.moves.move(transfer, needed<MoveFiles>(wanted, "move"));
    case "trackers":
      return editTrackers(transfers, transfer, needed(wanted, "trackers"));
    case "queue":
    // Done to all at once.
  }
}

/** Throws ApiError ERR_VALIDATION for an action without what it needs. */
function needed<T>(wanted: BulkAction, field: "changes" | "labels" | "move" | "trackers"): T {
  if (wanted[field] === undefined) throw invalid(`The action ${wanted.action} needs ${field}`);
  return wanted[field] as T;
}

function invalid(message: string): ApiError {
  return new ApiError(400, "ERR_VALIDATION", message);
}

import type { Transfers } from "../transfers.ts";
import type { Notices } from "./notices.ts";

const ADDED = {
  new: ["added", "was added"],
  restored: ["restored", "is back: its removal was undone"],
  again: ["retried", "was added again, from the history"],
} as const;

/** Tells of transfers that come, go, come back, finish, fail and are tried again. Returns what ends it. */
export function tellOfTransfers(transfers: Transfers, notices: Notices): () => void {
  return transfers.on((event) => {
    const { id, name } = event.transfer;
    const about = { torrent: id };
    if (event.type === "added") {
      const [kind, what] = ADDED[event.how];
      notices.tell(kind, `${name} ${what}`, about);
    } else if (event.type === "removed") {
      notices.tell("removed", `${name} was removed`, about);
    } else if (event.type === "retried") {
      notices.tell("retried", `${name} is tried again`, about);
    } else if (event.type === "torrent") {
      const what = event.event;
      if (what.type === "complete") notices.tell("finished", `${name} is complete`, about);
      if (what.type !== "error" && what.type !== "warning") return;
      const { code, message } = what.error;
      const kind = what.type === "error" ? "failed" : "warning";
      notices.tell(kind, `${name}: ${message}`, { ...about, code });
    }
  });
}

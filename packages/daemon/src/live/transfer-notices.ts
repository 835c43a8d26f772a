import type { Session } from "@shoal/engine";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";
import type { Notices } from "./notices.ts";

/** Tells of transfers that come, go, finish and fail. Returns what ends it. */
export function tellOfTransfers(session: Session, transfers: Transfers, notices: Notices): () => void {
  const known = new Set<Transfer>(transfers.list());
  const unwatch = transfers.onChange((transfer) => {
    const { torrent, id } = transfer;
    const isThere = transfers.has(transfer);
    if (isThere === known.has(transfer)) return;
    if (isThere) known.add(transfer);
    else known.delete(transfer);
    notices.tell(isThere ? "added" : "removed", `${torrent.name} was ${isThere ? "added" : "removed"}`, {
      torrent: id,
    });
  });
  const unlisten = session.on((event) => {
    if (event.type !== "torrent") return;
    const id = transfers.of(event.torrent)?.id;
    if (id === undefined) return;
    const { name } = event.torrent;
    const what = event.event;
    if (what.type === "complete") notices.tell("finished", `${name} is complete`, { torrent: id });
    if (what.type === "error" || what.type === "warning") {
      const { code, message } = what.error;
      const kind = what.type === "error" ? "failed" : "warning";
      notices.tell(kind, `${name}: ${message}`, { torrent: id, code });
    }
  });
  return () => {
    unwatch();
    unlisten();
  };
}

import { isIP } from "node:net";
import { type Endpoint, parseMagnet, parseMetainfo } from "@shoal/engine";
import { keepTrackers } from "./edit-trackers.ts";
import type { Transfer } from "../transfer.ts";
import type { NewTransfer } from "../new-transfer.ts";
import type { Transfers } from "../transfers.ts";

/** Links may name others that nobody can be asked over. */
const TRACKER = /^(?:https?|udp|wss?):\/\/./i;

/**
 * Gives a transfer what somebody who asked for the same torrent knows besides: trackers, and, while something is missing, peers. A private torrent
 * takes nothing from a link (BEP 27). Resolves when that is durable.
 */
export async function giveSources(
  transfers: Transfers,
  transfer: Transfer,
  { source, peers, trackers }: NewTransfer,
): Promise<void> {
  const { torrent } = transfer;
  if (torrent.isPrivate) return;
  const named = namedBy(source);
  if (torrent.row()?.complete !== true)
    for (const peer of [...peers, ...named.peers]) if (isIP(peer.host) !== 0) torrent.addPeer(peer);
  const known = new Set(torrent.tiers.flat());
  const added = [...trackers, ...named.trackers].filter(
    (url) => !known.has(url) && TRACKER.test(url) && URL.canParse(url),
  );
  if (added.length === 0) return;
  torrent.addTrackers(added);
  await keepTrackers(transfers, transfer);
}

function namedBy({ magnet, torrentBytes }: NewTransfer["source"]): {
  readonly peers: readonly Endpoint[];
  readonly trackers: readonly string[];
} {
  if (magnet !== undefined) return typeof magnet === "string" ? parseMagnet(magnet) : magnet;
  if (torrentBytes === undefined) return { peers: [], trackers: [] };
  return { peers: [], trackers: parseMetainfo(torrentBytes).trackers.flat() };
}

import type { TorrentList } from "@shoal/schema";

import type { DaemonClient } from "../../daemon-client.ts";
import { findTarget } from "../transfers/targets.ts";

/** The number of the transfer that a word names; a whole info-hash may be that of one that is gone. Null when nothing is named. */
export async function logTarget(daemon: DaemonClient, word: string | undefined): Promise<string | null> {
  if (word === undefined) return null;
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/i.test(word)) return word.toLowerCase();
  const { torrents } = await daemon.get<TorrentList>("/torrents");
  return String(findTarget(word, torrents).id);
}

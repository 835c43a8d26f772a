import { join } from "node:path";
import type { Torrent } from "@shoal/engine";
import { isInside } from "../files/is-inside.ts";
import type { Transfer } from "../transfer.ts";

/** Files (absolute paths) that other transfers have, too: they are not taken away with this one. */
export async function neededElsewhere(
  torrent: Torrent,
  transfers: Iterable<Transfer>,
): Promise<ReadonlySet<string>> {
  const root = rootOf(torrent);
  const needed = new Set<string>();
  for (const { torrent: other } of transfers) {
    if (other === torrent || !mayOverlap(other, torrent.downloadDir, root)) continue;
    const files = await other.files().catch(() => []);
    for (const { path } of files) needed.add(join(other.downloadDir, path));
  }
  return needed;
}

/** Names on disk may be others than the torrent's while it is at work, so that only one at rest can be passed over by its name. */
function mayOverlap(torrent: Torrent, downloadDir: string, root: string): boolean {
  const isNear = isInside(downloadDir, torrent.downloadDir) || isInside(torrent.downloadDir, downloadDir);
  if (!isNear) return false;
  if (!torrent.isAtRest) return true;
  const theirs = rootOf(torrent);
  return isInside(root, theirs) || isInside(theirs, root);
}

function rootOf({ downloadDir, name }: Torrent): string {
  return join(downloadDir, name);
}

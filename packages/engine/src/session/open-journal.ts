import { toHex, utf8 } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { type InfoHashes, primaryKey } from "../meta/info-hash.ts";
import type { SessionContext } from "./context.ts";
import { TorrentJournal } from "./torrent-journal.ts";

/**
 * The resume data of a torrent in a download folder. It is named after the folder that the torrent was added with; where a move has
 * taken the files since, it is found by what it says. Throws ERR_LOCKED when another process has the torrent.
 */
export async function openJournal(
  context: SessionContext,
  infoHashes: InfoHashes,
  downloadDir: string,
): Promise<TorrentJournal> {
  const prefix = primaryKey(infoHashes);
  const key = `${prefix}${toHex(context.hasher.sha1(utf8(downloadDir)).subarray(0, 4))}`;
  const journal = await openKey(context, infoHashes, key);
  if (!journal.isNew) return journal;
  for (const other of await context.store.list()) {
    if (other === key || !other.startsWith(prefix)) continue;
    const moved = await openMoved(context, infoHashes, other, downloadDir);
    if (moved === null) continue;
    await journal.remove();
    return moved;
  }
  return journal;
}

function openKey(context: SessionContext, infoHashes: InfoHashes, key: string): Promise<TorrentJournal> {
  return TorrentJournal.open(context, { infoHashes, key, partPath: context.store.partPath(key) });
}

/** Null when its files are elsewhere, or another process has it. */
async function openMoved(
  context: SessionContext,
  infoHashes: InfoHashes,
  key: string,
  downloadDir: string,
): Promise<TorrentJournal | null> {
  try {
    const journal = await openKey(context, infoHashes, key);
    if (journal.root === downloadDir) return journal;
    await journal.close();
    return null;
  } catch (error) {
    if (error instanceof ShoalError && error.code === "ERR_LOCKED") return null;
    throw error;
  }
}

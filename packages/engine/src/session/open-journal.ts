import { toHex, utf8 } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { type InfoHashes, shortHashes } from "../meta/info-hash.ts";
import type { AddOptions } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import { TorrentJournal } from "./torrent-journal.ts";

/**
 * The resume data of a torrent in a download folder, under whichever of its info-hashes it lies. It is named after the folder that
 * the torrent was added with first; where a move has taken the files since, it is found by what it says: by where they are, and by the
 * folder that it was added with last. Throws ERR_LOCKED when another
 * process has the torrent, and ERR_DISK; who only shares does without then: null.
 */
export async function openJournal(
  context: SessionContext,
  infoHashes: InfoHashes,
  options: AddOptions,
): Promise<TorrentJournal | null> {
  const { downloadDir, seedOnly } = options;
  try {
    const journal = await openBest(context, infoHashes, downloadDir);
    // A download that has moved away from here is none of the business of who shares what is left.
    if (seedOnly !== true || journal.root === null || journal.root === downloadDir) return journal;
    await journal.close();
    return null;
  } catch (error) {
    if (seedOnly !== true || !(error instanceof ShoalError)) throw error;
    context.log.info("sharing without resume data", { code: error.code, message: error.message });
    return null;
  }
}

/**
 * The torrent turned out to have another info-hash, too: when nothing is recorded yet under the one that was known, but something
 * is under the other, that is gone on with. Throws as `openJournal` does.
 */
export async function rejoinJournal(
  context: SessionContext,
  journal: TorrentJournal,
  infoHashes: InfoHashes,
  options: AddOptions,
): Promise<TorrentJournal | null> {
  const others = keysOf(context, infoHashes, options.downloadDir).filter((key) => key !== journal.key);
  if (journal.root !== null || (await firstKnown(context, others)) === null) return journal;
  const { metainfo } = journal;
  await journal.remove();
  const joined = await openJournal(context, infoHashes, options);
  if (metainfo !== null && joined?.metainfo === null) joined.rememberMetainfo(metainfo);
  return joined;
}

async function openBest(
  context: SessionContext,
  infoHashes: InfoHashes,
  downloadDir: string,
): Promise<TorrentJournal> {
  const keys = keysOf(context, infoHashes, downloadDir);
  const key = (keys.length > 1 ? await firstKnown(context, keys) : null) ?? keys[0]!;
  const journal = await openKey(context, infoHashes, key);
  if (!journal.isNew) return journal;
  const others = await Promise.all(shortHashes(infoHashes).map((hash) => context.store.list(toHex(hash))));
  for (const other of others.flat()) {
    if (other === key) continue;
    const moved = await openMoved(context, infoHashes, other, downloadDir);
    if (moved === null) continue;
    await journal.remove();
    return moved;
  }
  return journal;
}

function keysOf(context: SessionContext, infoHashes: InfoHashes, downloadDir: string): string[] {
  const folder = toHex(context.hasher.sha1(utf8(downloadDir)).subarray(0, 4));
  return shortHashes(infoHashes).map((hash) => `${toHex(hash)}${folder}`);
}

/** The first key under which there are records; null when there are none. */
async function firstKnown(context: SessionContext, keys: readonly string[]): Promise<string | null> {
  for (const key of keys) if (await context.store.has(key)) return key;
  return null;
}

function openKey(context: SessionContext, infoHashes: InfoHashes, key: string): Promise<TorrentJournal> {
  return TorrentJournal.open(context, { infoHashes, key });
}

/** Null when it has nothing to do with the folder, or another process has it. */
async function openMoved(
  context: SessionContext,
  infoHashes: InfoHashes,
  key: string,
  downloadDir: string,
): Promise<TorrentJournal | null> {
  try {
    const journal = await openKey(context, infoHashes, key);
    if (journal.belongsTo(downloadDir)) {
      await journal.rememberFolder(downloadDir);
      return journal;
    }
    await journal.close();
    return null;
  } catch (error) {
    if (error instanceof ShoalError && error.code === "ERR_LOCKED") return null;
    throw error;
  }
}

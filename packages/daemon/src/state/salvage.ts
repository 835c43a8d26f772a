import { readdir } from "node:fs/promises";
import { type Log, parseMetainfo, primaryKey, resumePlaces } from "@shoal/engine";
import type { Database } from "@shoal/server";
import type { Tables } from "./tables.ts";
import { TorrentFiles } from "./torrent-files.ts";

const SUFFIX = ".torrent";

export interface SalvageParts {
  /** Without any transfers. */
  readonly database: Database<Tables>;
  readonly stateDir: string;
  readonly torrentsDir: string;
  /** For torrents of which nothing else is known. */
  readonly downloadDir: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Makes a list of transfers from what lies in the state folder, after the database was lost: their .torrent files, and where resume data says that
 * their files are. Those without resume data, such as what was only shared, are paused. Returns how many there are.
 */
export async function salvageTransfers(parts: SalvageParts): Promise<number> {
  const { database, stateDir, torrentsDir, downloadDir, log, now } = parts;
  const files = await TorrentFiles.open(torrentsDir);
  const places = await resumePlaces(stateDir);
  const names = (await readdir(torrentsDir)).filter((name) => name.endsWith(SUFFIX)).sort();
  const addedAt = new Date(now()).toISOString();
  let salvaged = 0;
  for (const name of names) {
    try {
      const metainfo = parseMetainfo(await files.load(name.slice(0, -SUFFIX.length)));
      const key = primaryKey(metainfo.infoHashes);
      const place = places.get(key) ?? null;
      await database.query
        .insertInto("torrents")
        .values({
          key,
          name: metainfo.name,
          downloadDir: place ?? downloadDir,
          magnet: null,
          paused: Number(place === null),
          rank: salvaged,
          sequential: 0,
          addedAt,
        })
        .execute();
      salvaged++;
    } catch (error) {
      log.warn("a torrent file could not be read", { name, error });
    }
  }
  return salvaged;
}

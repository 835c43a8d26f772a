import { basename, dirname } from "node:path";
import { type ContentLook, type Metainfo, parseMetainfo, safePaths, type TorrentRow } from "@shoal/engine";
import type { NewShare } from "@shoal/schema";
import type { Database } from "@shoal/server";
import { type Selectable, sql } from "kysely";
import type { Tables, TorrentTable } from "../state/tables.ts";
import type { Transfers } from "../transfers.ts";

/** Clocks of file systems are coarse, and what is written last is flushed a little later. */
const SLACK_MS = 2_000;

interface KnownContentParts {
  readonly transfers: Transfers;
  readonly database: Database<Tables>;
}

/** What lies at an absolute path. */
interface Place {
  readonly path: string;
  readonly look: ContentLook;
}

/** A torrent of which all was here once. */
interface Candidate {
  /** RFC 3339; null when it was not fetched. */
  readonly finishedAt: string | null;
  /** Below the download folder, with their sizes in bytes; empty when that is not known any more. */
  files(): Promise<readonly { readonly path: string; readonly size: number }[]>;
  torrent(): Promise<Uint8Array | null>;
}

/**
 * The .torrent file of a download, on the list or removed, whose files are what lies at a path: all of them, nothing else, and untouched since it
 * had finished. Null when there is none, or when something else is wished of the torrent.
 */
export async function knownContent(
  parts: KnownContentParts,
  place: Place,
  wish: Omit<NewShare, "paths">,
): Promise<Uint8Array | null> {
  const { look, path } = place;
  if (look.files.some(({ symlink }) => symlink !== null)) return null;
  const size = look.files.reduce((sum, file) => sum + file.size, 0);
  const touchedAt = look.files.reduce((last, { modifiedMs }) => Math.max(last, modifiedMs), 0);
  const shown = new Map(
    look.files.map((file) => [[basename(path), ...(look.multiFile ? file.path : [])].join("/"), file.size]),
  );
  for (const candidate of [...listed(parts, path, size), ...(await removed(parts, path, size))]) {
    if (candidate.finishedAt === null || touchedAt > Date.parse(candidate.finishedAt) + SLACK_MS) continue;
    const files = await candidate.files();
    const isSame = files.length === shown.size && files.every((file) => shown.get(file.path) === file.size);
    const torrent = isSame ? await candidate.torrent() : null;
    if (torrent !== null && fits(parseMetainfo(torrent), wish)) return torrent;
  }
  return null;
}

function listed({ transfers }: KnownContentParts, path: string, size: number): Candidate[] {
  return transfers
    .list()
    .filter(
      ({ torrent, record: { finishedAt } }) =>
        finishedAt !== null && torrent.downloadDir === dirname(path) && isWhole(torrent.row(), size),
    )
    .map((transfer) => ({
      finishedAt: transfer.record.finishedAt,
      files: () => transfer.torrent.files().catch(() => []),
      torrent: () => transfers.torrentBytes(transfer),
    }));
}

async function removed(
  { database, transfers }: KnownContentParts,
  path: string,
  size: number,
): Promise<Candidate[]> {
  const rows = await database.query
    .selectFrom("retired")
    .selectAll()
    .where(sql`json_extract(wishes, '$.downloadDir')`, "=", dirname(path))
    .orderBy("torrent", "desc")
    .execute();
  return rows.flatMap(({ wishes, metainfo }) => {
    const { row, key, finishedAt } = JSON.parse(wishes) as Selectable<TorrentTable>;
    if (row === null || !isWhole(JSON.parse(row) as TorrentRow, size)) return [];
    const torrent = async (): Promise<Uint8Array | null> => metainfo ?? (await transfers.torrentFile(key));
    const files = async (): Promise<{ path: string; size: number }[]> => {
      const bytes = await torrent();
      return bytes === null ? [] : filesOf(parseMetainfo(bytes));
    };
    return [{ finishedAt, torrent, files }];
  });
}

function isWhole(row: TorrentRow | null, size: number): boolean {
  return row !== null && row.complete && row.have === size;
}

/** As they are named on disk, unless somebody has renamed them. */
function filesOf({ name, multiFile, layout }: Metainfo): { path: string; size: number }[] {
  const { paths } = safePaths(name, multiFile, layout.files);
  return layout.files.filter(({ pad }) => !pad).map(({ index, size }) => ({ path: paths[index]!, size }));
}

/** Whether a torrent is what its sender wants: what was not said may be as it is. */
function fits(
  metainfo: Metainfo,
  {
    kind,
    pieceSize,
    name,
    comment,
    source,
    trackers = [],
    webSeeds = [],
    exclude = [],
    ...wish
  }: Omit<NewShare, "paths">,
): boolean {
  const { v1, v2 } = metainfo.infoHashes;
  const isOfKind = kind === undefined || kind === (v1 === null ? "v2" : v2 === null ? "v1" : "hybrid");
  const known = new Set(metainfo.trackers.flat());
  return (
    isOfKind &&
    (wish.private ?? false) === metainfo.private &&
    (pieceSize === undefined || pieceSize === metainfo.layout.pieceLength) &&
    (name === undefined || name === metainfo.name) &&
    (comment === undefined || comment === metainfo.comment) &&
    source === undefined &&
    trackers.every((url) => known.has(url)) &&
    webSeeds.every((url) => metainfo.webSeeds.includes(url)) &&
    exclude.length === 0
  );
}

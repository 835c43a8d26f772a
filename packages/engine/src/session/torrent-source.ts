import { fromHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import { type Magnet, parseMagnet } from "../meta/magnet.ts";
import { type Metainfo, parseMetainfo } from "../meta/metainfo.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { AddOptions } from "./add-options.ts";
import { isOfRow, type TorrentRow } from "./torrent-row.ts";

/** What is known of a torrent when it is added. */
export interface TorrentSource {
  readonly metainfo: Metainfo | null;
  readonly magnet: Magnet | null;
  readonly infoHashes: InfoHashes;
}

/** What the caller named, parsed. Throws ProtocolError or ERR_INVALID_ARGUMENT. */
export function resolveSource(options: AddOptions, hasher: Hasher): TorrentSource {
  if (options.metainfo !== undefined || options.torrentBytes !== undefined) {
    const metainfo = options.metainfo ?? parseMetainfo(options.torrentBytes!, hasher);
    return { metainfo, magnet: null, infoHashes: metainfo.infoHashes };
  }
  if (options.magnet !== undefined) {
    const magnet = typeof options.magnet === "string" ? parseMagnet(options.magnet) : options.magnet;
    return { metainfo: null, magnet, infoHashes: magnet.infoHashes };
  }
  const hash = fromHex(options.infoHash ?? "");
  if (hash.length === 20) return { metainfo: null, magnet: null, infoHashes: { v1: hash, v2: null } };
  if (hash.length === 32) return { metainfo: null, magnet: null, infoHashes: { v1: null, v2: hash } };
  throw new ShoalError("ERR_INVALID_ARGUMENT", "An info-hash has 40 or 64 hex digits");
}

/** What the link says besides which torrent it is: the files that it chooses count unless the caller chooses. */
export function withLink(options: AddOptions, magnet: Magnet | null): AddOptions {
  if (magnet === null || magnet.selectOnly === null) return options;
  return { selectOnly: magnet.selectOnly, ...options };
}

/** With the web servers that the link names besides; of a private torrent whoever wrote the link is to learn nothing. */
export function linked(metainfo: Metainfo, magnet: Magnet | null): Metainfo {
  if (magnet === null || magnet.webSeeds.length === 0 || metainfo.private) return metainfo;
  return { ...metainfo, webSeeds: [...new Set([...metainfo.webSeeds, ...magnet.webSeeds])] };
}

/** What a program loads again for a torrent of which only the row is left. Throws ERR_METAINFO and ERR_NOT_FOUND. */
export async function loadSource(
  row: TorrentRow,
  load: () => Promise<Uint8Array>,
  hasher: Hasher,
): Promise<TorrentSource> {
  const metainfo = parseMetainfo(await loadBytes(row, load), hasher);
  if (!isOfRow(row, metainfo)) {
    throw new ShoalError("ERR_METAINFO", `What was loaded for ${row.name} is another torrent`);
  }
  return { metainfo, magnet: null, infoHashes: metainfo.infoHashes };
}

async function loadBytes(row: TorrentRow, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const message = `The torrent file of ${row.name} can't be loaded: ${why}`;
    throw new ShoalError("ERR_NOT_FOUND", message, {}, error);
  }
}

/** What is to be loaded again need not be held; and what was checked once is not checked as a whole again. */
export function withoutSource(options: AddOptions): AddOptions {
  const { metainfo: _metainfo, torrentBytes: _bytes, row: _row, hashed: _hashed, verify, ...rest } = options;
  return verify === undefined || verify === "full" ? rest : { ...rest, verify };
}

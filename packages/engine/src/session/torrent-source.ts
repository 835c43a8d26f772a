import { fromHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import { type Magnet, parseMagnet } from "../meta/magnet.ts";
import { type Metainfo, parseMetainfo } from "../meta/metainfo.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { AddOptions } from "./add-options.ts";

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

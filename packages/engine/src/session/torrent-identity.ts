import { type InfoHashes, primaryKey } from "../meta/info-hash.ts";
import type { Magnet } from "../meta/magnet.ts";
import { type Metainfo, parseInfo, parseMetainfo } from "../meta/metainfo.ts";
import type { Hasher } from "../ports/hasher.ts";
import { linked, type TorrentSource } from "./torrent-source.ts";
import { type Tiers, trackerTiers } from "./torrent-trackers.ts";

/** Which torrent it is, as far as is known by now: a link names it, its metadata comes later. */
export class TorrentIdentity {
  readonly magnet: Magnet | null;
  #infoHashes: InfoHashes;
  #metainfo: Metainfo | null;

  constructor({ metainfo, magnet, infoHashes }: TorrentSource) {
    this.magnet = magnet;
    this.#infoHashes = infoHashes;
    this.#metainfo = metainfo;
  }

  get infoHashes(): InfoHashes {
    return this.#infoHashes;
  }

  /** Null until the metadata is known. */
  get metainfo(): Metainfo | null {
    return this.#metainfo;
  }

  /** The magnet's, or the info-hash, until the metadata is known. Unchecked text. */
  get name(): string {
    return this.#metainfo?.name ?? this.magnet?.name ?? primaryKey(this.#infoHashes);
  }

  /** False while it is unknown. */
  get isPrivate(): boolean {
    return this.#metainfo?.private === true;
  }

  /** 0 until the metadata is known. */
  get pieceCount(): number {
    return this.#metainfo?.layout.pieceCount ?? 0;
  }

  /** The .torrent that an earlier run kept. Throws ProtocolError. */
  recall(torrentBytes: Uint8Array, hasher: Hasher): Metainfo {
    return this.#know(parseMetainfo(torrentBytes, hasher));
  }

  /** The info dictionary, which has the right hash. Throws ProtocolError. */
  learn(infoBytes: Uint8Array, hasher: Hasher): Metainfo {
    const trackers = (this.magnet?.trackers ?? []).map((url) => [url]);
    return this.#know({ ...parseInfo(infoBytes, hasher), trackers });
  }

  /** `named`: the trackers that were given when it was added. */
  trackerTiers(named: readonly string[] | undefined): Tiers {
    return trackerTiers(this.#metainfo, this.magnet, named);
  }

  #know(metainfo: Metainfo): Metainfo {
    this.#metainfo = linked(metainfo, this.magnet);
    this.#infoHashes = this.#metainfo.infoHashes;
    return this.#metainfo;
  }
}

import { primaryKey, type Torrent } from "@shoal/engine";
import type { Torrent as TorrentView } from "@shoal/schema";

/** What is kept of a transfer besides what the engine knows. */
export interface TransferRecord {
  readonly id: number;
  /** Hex of the primary info-hash, which may still change while only one of a hybrid's is known. */
  key: string;
  magnet: string | null;
  label: string | null;
  paused: boolean;
  sequential: boolean;
  /** The user's own files: nothing is fetched. */
  readonly seedOnly: boolean;
  readonly addedAt: string;
  finishedAt: string | null;
}

/** One transfer: the engine's torrent, and what the user wants of it. */
export class Transfer {
  readonly record: TransferRecord;
  readonly torrent: Torrent;

  constructor(record: TransferRecord, torrent: Torrent) {
    this.record = record;
    this.torrent = torrent;
  }

  get id(): number {
    return this.record.id;
  }

  /** Hex of the v1 info-hash, or of the first half of the v2 one: by which most programs know it. */
  get hash(): string {
    return primaryKey(this.torrent.infoHashes);
  }

  get isPrivate(): boolean {
    return this.torrent.metainfo?.private ?? this.torrent.row()?.private ?? false;
  }

  /** Given per fetched byte, to three digits; null while there is nothing to compare with. */
  get ratio(): number | null {
    return ratioOf(this.torrent.stats());
  }

  /** As it is now, for whoever looks. */
  view(): TorrentView {
    const { torrent, record } = this;
    const stats = torrent.stats();
    const { infoHashes, error } = torrent;
    return {
      id: record.id,
      name: torrent.name,
      v1: infoHashes.v1 === null ? null : hex(infoHashes.v1),
      v2: infoHashes.v2 === null ? null : hex(infoHashes.v2),
      state: torrent.state,
      wanted: stats.wanted,
      have: stats.have,
      downloaded: stats.downloaded,
      uploaded: stats.uploaded,
      wasted: stats.wasted,
      downRate: Math.round(stats.downRate),
      upRate: Math.round(stats.upRate),
      ratio: ratioOf(stats),
      peers: stats.peers,
      seeds: stats.seeds,
      pieceCount: stats.pieceCount,
      piecesHave: stats.piecesHave,
      etaMs: stats.etaMs === null ? null : Math.round(stats.etaMs),
      waiting: stats.waiting,
      error: error === null ? null : { code: error.code, message: error.message },
      label: record.label,
      downloadDir: torrent.downloadDir,
      private: this.isPrivate,
      addedAt: record.addedAt,
      finishedAt: record.finishedAt,
    };
  }
}

function ratioOf({
  downloaded,
  uploaded,
  have,
}: {
  downloaded: number;
  uploaded: number;
  have: number;
}): number | null {
  const base = Math.max(downloaded, have);
  return base === 0 ? null : Math.round((uploaded / base) * 1000) / 1000;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

import { type Hold, primaryKey, type Torrent, type TorrentStats } from "@shoal/engine";
import type { Torrent as TorrentView, Waiting } from "@shoal/schema";
import type { TransferRecord } from "./transfer-record.ts";

/** Rules that make transfers rest: a goal of sharing was reached. */
export type HoldName = "goal";

/** One transfer: the engine's torrent, and what the user wants of it. */
export class Transfer {
  readonly record: TransferRecord;
  readonly torrent: Torrent;

  /** Rules by which it rests, besides what the user wants; the first one is shown. */
  readonly holds: Map<HoldName, Hold> = new Map();

  constructor(record: TransferRecord, torrent: Torrent) {
    this.record = record;
    this.torrent = torrent;
  }

  /** Neither the user nor a rule keeps it from running. */
  get mayRun(): boolean {
    return !this.record.paused && this.holds.size === 0;
  }

  /** The .torrent file, without which its row can't be taken up again, is on the disk. */
  hasTorrentFile = false;

  /** Why it rests, for the engine to tell; null when it runs. */
  get hold(): Hold | null {
    if (this.record.paused) return { code: "paused-user" };
    for (const hold of this.holds.values()) return hold;
    return null;
  }

  /** As people know it. Unchecked text: clean it before printing. */
  get name(): string {
    return this.record.title ?? this.torrent.name;
  }

  get id(): number {
    return this.record.id;
  }

  /** Hex of the v1 info-hash, or of the first half of the v2 one: by which most programs know it. */
  get hash(): string {
    return primaryKey(this.torrent.infoHashes);
  }

  /** Where its files belong, which may not be where they lie until all are there. */
  get downloadDir(): string {
    return this.record.finalDir ?? this.torrent.downloadDir;
  }

  get isPrivate(): boolean {
    return this.torrent.metainfo?.private ?? this.torrent.row()?.private ?? false;
  }

  /** Given per fetched byte, to three digits; null while there is nothing to compare with. */
  get ratio(): number | null {
    return ratioOf(this.torrent.stats());
  }

  /** Why nothing moves, with advice that names this transfer; null when all is well. */
  waiting(stats: TorrentStats = this.torrent.stats()): Waiting | null {
    const { waiting } = stats;
    return waiting === null
      ? null
      : { ...waiting, action: waiting.action.replaceAll("<t>", String(this.id)) };
  }

  /** As it is now, for whoever looks. */
  view(): TorrentView {
    const { torrent, record } = this;
    const stats = torrent.stats();
    const { infoHashes, error } = torrent;
    return {
      id: record.id,
      name: this.name,
      v1: infoHashes.v1 === null ? null : hex(infoHashes.v1),
      v2: infoHashes.v2 === null ? null : hex(infoHashes.v2),
      state: stateOf(this),
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
      waiting: this.waiting(stats),
      error: error === null ? null : { code: error.code, message: error.message },
      labels: [...record.labels],
      downloadDir: this.downloadDir,
      filesDir: torrent.downloadDir,
      private: this.isPrivate,
      addedAt: record.addedAt,
      finishedAt: record.finishedAt,
      rank: torrent.rank,
      forced: record.forced,
      sequential: record.sequential,
      firstLast: record.firstLast,
      goals: record.goals,
      limits: { ...torrent.limits },
      reached: record.reached,
      sharingMs: Math.round(record.sharingMs),
      downloadingMs: Math.round(record.downloadingMs),
      activeAt: record.activeAt,
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

/** What was shared enough is done, not paused: nobody has stopped it. */
function stateOf({ record, torrent, holds }: Transfer): TorrentView["state"] {
  return !record.paused && holds.has("goal") && torrent.state === "paused" ? "finished" : torrent.state;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

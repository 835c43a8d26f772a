import { fromHex, toHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { type InfoHashes, primaryKey } from "../meta/info-hash.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { TorrentState, TorrentStats } from "./events.ts";

/**
 * What is kept of a torrent at rest, and what a program may keep between runs: plain values that JSON carries. Totals and
 * sizes in bytes, as in `TorrentStats`.
 */
export interface TorrentRow {
  /** 40 hex digits in lower case; null for a v2-only torrent. */
  readonly v1: string | null;
  /** 64 hex digits in lower case; null for a v1-only torrent. */
  readonly v2: string | null;
  readonly name: string;
  readonly private: boolean;
  /** Tiers (BEP 12), with those that were named when the torrent was added. */
  readonly trackers: readonly (readonly string[])[];
  readonly pieceCount: number;
  readonly piecesHave: number;
  readonly wanted: number;
  readonly have: number;
  readonly downloaded: number;
  readonly uploaded: number;
  /** All wanted pieces were verified. */
  readonly complete: boolean;
  /** Milliseconds since the Unix epoch: when its peers last had everything; absent when that was never seen. */
  readonly lastCompleteAt?: number | null;
}

/** What the row of a torrent is taken from. */
interface RowSource {
  readonly metainfo: Metainfo | null;
  readonly infoHashes: InfoHashes;
  readonly content: { readonly isComplete: boolean } | null;
  readonly lastCompleteAt: number | null;
  stats(): TorrentStats;
  trackerTiers(): readonly (readonly string[])[];
}

/** Null while the metadata is unknown. */
export function rowOf(torrent: RowSource): TorrentRow | null {
  const { metainfo, infoHashes } = torrent;
  if (metainfo === null) return null;
  const { wanted, have, pieceCount, piecesHave, downloaded, uploaded } = torrent.stats();
  return {
    v1: infoHashes.v1 === null ? null : toHex(infoHashes.v1),
    v2: infoHashes.v2 === null ? null : toHex(infoHashes.v2),
    name: metainfo.name,
    private: metainfo.private,
    trackers: torrent.trackerTiers(),
    pieceCount,
    piecesHave,
    wanted,
    have,
    downloaded,
    uploaded,
    complete: torrent.content?.isComplete ?? false,
    lastCompleteAt: torrent.lastCompleteAt,
  };
}

/** Throws ERR_INVALID_ARGUMENT when the row names no torrent. */
export function hashesOfRow({ v1, v2 }: TorrentRow): InfoHashes {
  const hashes = { v1: hash(v1, 20), v2: hash(v2, 32) };
  if (hashes.v1 === null && hashes.v2 === null) {
    throw new ShoalError("ERR_INVALID_ARGUMENT", "The row of a torrent has no info-hash");
  }
  return hashes;
}

/** The 20-byte names, in hex: the row's own strings where it has them. */
export function namesOfRow({ v1, v2 }: TorrentRow): string[] {
  const names = v1 === null ? [] : [v1];
  return v2 === null ? names : [...names, v2.slice(0, 40)];
}

/** The state of a torrent at rest that is not paused. */
export function stateOfRow(row: TorrentRow): TorrentState {
  if (!row.complete) return "checking";
  return row.piecesHave === row.pieceCount ? "seeding" : "finished";
}

export function statsOfRow(row: TorrentRow): TorrentStats {
  const { downloaded, uploaded, wanted, have, pieceCount, piecesHave } = row;
  return {
    downloaded,
    uploaded,
    downRate: 0,
    upRate: 0,
    wanted,
    have,
    wasted: 0,
    failed: 0,
    peers: 0,
    seeds: 0,
    pieceCount,
    piecesHave,
    etaMs: null,
    waiting: null,
  };
}

/** False when the metainfo is that of another torrent. */
export function isOfRow(row: TorrentRow, { infoHashes }: Metainfo): boolean {
  return primaryKey(hashesOfRow(row)) === primaryKey(infoHashes);
}

function hash(hex: string | null, length: number): Uint8Array | null {
  if (hex === null) return null;
  if (hex.length !== length * 2 || !/^[0-9a-f]*$/.test(hex)) {
    const message = `The info-hash in the row of a torrent has ${length * 2} hex digits in lower case`;
    throw new ShoalError("ERR_INVALID_ARGUMENT", message);
  }
  return fromHex(hex);
}

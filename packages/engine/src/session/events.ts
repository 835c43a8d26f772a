import type { PeerSource } from "../core/swarm/peer-list.ts";
import type { ShoalError } from "../base/errors.ts";
import type { FileIndex, PieceIndex } from "../base/brand.ts";
import type { FilePriority } from "../core/file-selection.ts";
import type { Opinion } from "../core/swarm/reputation.ts";
import type { WaitingReason } from "../core/reasons.ts";
import type { TrackerResult } from "./tracker-status.ts";

/** What a torrent is doing, in one word. */
export type TorrentState =
  /** Getting the info dictionary from peers (magnet links). */
  | "metadata"
  /** Comparing what is on disk with the hashes. */
  | "checking"
  | "downloading"
  /** Has all wanted pieces, but not all pieces. */
  | "finished"
  | "seeding"
  | "paused"
  /** Waits for its turn. */
  | "queued"
  /** Stopped by a failure that needs a person; `error` says which. */
  | "error";

/** A connected peer, for people and programs to look at. Rates in bytes per second, totals in bytes. */
export interface PeerInfo {
  readonly host: string;
  readonly port: number;
  readonly incoming: boolean;
  /** How we came to know of the peer. */
  readonly source: PeerSource;
  /** Name and version that the peer claims, or what its peer id says; unchecked text. */
  readonly client: string;
  /** Part of the pieces that the peer has, 0 to 1. */
  readonly progress: number;
  readonly seed: boolean;
  readonly downRate: number;
  readonly upRate: number;
  readonly downloaded: number;
  readonly uploaded: number;
  /** We don't serve it. */
  readonly choked: boolean;
  /** It doesn't serve us. */
  readonly choking: boolean;
  /** It wants something of us. */
  readonly interested: boolean;
  /** We want something of it. */
  readonly interesting: boolean;
  readonly snubbed: boolean;
  /** Speaks BitTorrent v2 with us. */
  readonly v2: boolean;
  /** The connection began with an obfuscated handshake (MSE). Who took it may have chosen to go on plainly. */
  readonly obfuscated: boolean;
  readonly requests: number;
  readonly reputation: Opinion;
}

/** A web server that has the torrent's files, for people and programs to look at. Rate in bytes per second. */
export interface WebSeedInfo {
  /** Without what it takes to be let in. */
  readonly url: string;
  /** `waiting`: it is left in peace for `retryInMs`, after `lastError`. `banned`: it sent wrong data. */
  readonly state: "idle" | "asking" | "waiting" | "banned";
  readonly downRate: number;
  readonly downloaded: number;
  /** HTTP requests under way. */
  readonly requests: number;
  readonly retryInMs: number | null;
  /** A clause; may quote text of strangers. */
  readonly lastError: string | null;
}

export interface FileProgress {
  /** What calls that change a file want. */
  readonly index: FileIndex;
  /** Below the download folder, "/"-separated. */
  readonly path: string;
  readonly size: number;
  /** Verified bytes. */
  readonly have: number;
  readonly wanted: boolean;
  /** 0: not wanted, 4: normal, 7: first. */
  readonly priority: FilePriority;
}

/** What is there of each piece, here and at others. */
export interface PieceMap {
  /** Verified pieces, a bit each, the highest of the first byte first. */
  readonly have: Uint8Array;
  /** For each piece, how many connected peers have it. */
  readonly peers: Uint16Array;
}

/** Rates in bytes per second, sizes in bytes; payload only unless said otherwise. */
export interface TorrentStats {
  readonly downloaded: number;
  readonly uploaded: number;
  readonly downRate: number;
  readonly upRate: number;
  /** Bytes of the wanted files; 0 while the metadata is unknown. */
  readonly wanted: number;
  /** Verified bytes of the wanted files. */
  readonly have: number;
  /** Received, but redundant or failed verification. */
  readonly wasted: number;
  /** The part of `wasted` that failed verification. */
  readonly failed: number;
  readonly peers: number;
  readonly seeds: number;
  readonly pieceCount: number;
  readonly piecesHave: number;
  readonly etaMs: number | null;
  /** Why nothing is arriving though something is wanted, or not all can be shared; null when all is well. */
  readonly waiting: WaitingReason | null;
}

/** Why data on disk is being hashed. */
export type CheckReason =
  /** `verify: "full"`, or a recheck. */
  | "asked"
  /** Nothing is recorded about this data. */
  | "new"
  /** It is not as it was recorded, or the machine stopped before it was durable. */
  | "changed"
  /** `verify: "sample"`: a few pieces for all. */
  | "sample";

export interface CheckProgress {
  readonly reason: CheckReason;
  readonly checkedPieces: number;
  /** Pieces to be hashed: those of files that are missing are left out. */
  readonly pieceCount: number;
  /** Null until it can be told. */
  readonly etaMs: number | null;
}

export type TorrentEvent =
  | { readonly type: "state"; readonly state: TorrentState }
  | { readonly type: "metadata" }
  | ({ readonly type: "checked" } & CheckProgress)
  /** Files are copied to another file system. */
  | { readonly type: "moving"; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly type: "moved"; readonly downloadDir: string }
  | { readonly type: "first-block" }
  | { readonly type: "piece"; readonly piece: PieceIndex }
  | { readonly type: "complete" }
  | { readonly type: "error"; readonly error: ShoalError }
  | { readonly type: "warning"; readonly error: ShoalError }
  | { readonly type: "peer-connected"; readonly peer: PeerInfo }
  | { readonly type: "peer-disconnected"; readonly peer: PeerInfo; readonly reason: string | null }
  /** A peer that was missing pieces now has them all. */
  | { readonly type: "peer-complete"; readonly peer: PeerInfo }
  | { readonly type: "peer-failed"; readonly host: string; readonly port: number; readonly error: ShoalError }
  | { readonly type: "banned"; readonly host: string; readonly reason: string }
  /** A web seed delivers, the first time or again, or can't be used for a while, or for some files; `message` is a clause that says why. */
  | {
      readonly type: "web-seed";
      readonly url: string;
      readonly ok: boolean;
      readonly message: string | null;
    }
  | ({ readonly type: "tracker" } & TrackerResult);

import type * as engine from "@shoal/engine";

export type {
  CheckProgress,
  CreateOptions,
  ErrorCode,
  FinderProgress,
  FilePriority,
  Http,
  HttpResponse,
  InfoHashes,
  IpRanges,
  Log,
  Magnet,
  Metainfo,
  ObfuscationPolicy,
  PeerInfo,
  PieceDigest,
  Reachability,
  Session,
  SessionOptions,
  ShoalError,
  Torrent,
  TorrentEvent,
  TorrentStats,
  VerifyLevel,
  WaitingCode,
  WayIn,
} from "@shoal/engine";

/** What commands use of the engine; loaded on first use. */
export type Engine = Pick<
  typeof engine,
  | "createSession"
  | "createTorrent"
  | "encodeTorrent"
  | "fingerprintContent"
  | "loadIpFilter"
  | "formatMagnet"
  | "openDisk"
  | "openHttp"
  | "isSelected"
  | "parseMagnet"
  | "parseMetainfo"
  | "PieceHashes"
  | "safePaths"
  | "SESSION_DEFAULTS"
>;

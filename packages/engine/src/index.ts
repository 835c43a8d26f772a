export { createSession } from "./api/create-session.ts";
export { FIRST_PORT, LAST_PORT, SESSION_DEFAULTS, type SessionOptions } from "./api/options.ts";
export { openHttp } from "./api/open-http.ts";
export { readClaims, type ResumeClaims } from "./api/resume-claims.ts";
export { resumePlaces } from "./api/resume-places.ts";
export { ProcessLock } from "./node/process-lock.ts";
export { type LoadedIpFilter, loadIpFilter } from "./node/ip-filter-file.ts";
export { moveTree } from "./node/move-tree.ts";
export {
  type ContentLook,
  createTorrent,
  fingerprintContent,
  openDisk,
  parseMetainfo,
} from "./api/torrent-files.ts";
export type { IpRanges } from "./base/ip-ranges.ts";
export { type BencodeValue, decodeBencode } from "./wire/bencode.ts";
export { sizeText } from "./base/size-text.ts";
export { parseEndpoint } from "./base/address.ts";
export { ERROR_TABLE, type ErrorCode, ProtocolError, ShoalError } from "./base/errors.ts";
export type { Delivery, DeliveryLog, Party } from "./core/delivery-log.ts";
export { countText } from "./base/count-text.ts";
export { durationText } from "./base/duration-text.ts";
export type { ClockTrouble } from "./core/clock-evidence.ts";
export type { Hold } from "./core/hold.ts";
export {
  type ReasonArea,
  type ReasonEntry,
  REASONS,
  type WaitingCode,
  type WaitingReason,
} from "./core/reasons.ts";
export type { QueueMove } from "./core/queue.ts";
export type { FilePriority } from "./core/file-selection.ts";
export type { ObfuscationPolicy } from "./core/swarm/dial-way.ts";
export { PieceHashes } from "./core/piece-hashes.ts";
export type { Reachability, WayIn } from "./core/port-mapping/reachability.ts";
export type { Opinion, Reputation } from "./core/swarm/reputation.ts";
export type { PeerSource } from "./core/swarm/peer-list.ts";
export type { Ban, BanCause } from "./core/swarm/standing.ts";
export { type InfoHashes, primaryKey } from "./meta/info-hash.ts";
export type { VerifyLevel } from "./core/resume-judge.ts";
export type { Layout, LayoutFile, TorrentKind } from "./meta/layout.ts";
export { formatMagnet, isSelected, type Magnet, parseMagnet } from "./meta/magnet.ts";
export type { Metainfo } from "./meta/metainfo.ts";
export { encodeTorrent } from "./meta/torrent-file.ts";
export { safePaths } from "./meta/path-policy.ts";
export type { Disk, PieceDigest, StorageSpec } from "./ports/disk.ts";
export type { Http, HttpResponse } from "./ports/http.ts";
export type { Log } from "./ports/log.ts";
export type { Connection, ConnectionSink, Endpoint } from "./ports/net.ts";
export type { AddOptions } from "./session/add-options.ts";
export type { CreatedTorrent, CreateOptions } from "./session/create-torrent.ts";
export type {
  CheckProgress,
  CheckReason,
  FileProgress,
  PeerInfo,
  PieceMap,
  WebSeedInfo,
  TorrentEvent,
  TorrentState,
  TorrentStats,
} from "./session/events.ts";
export type { SpeedLimits } from "./session/bandwidth.ts";
export type { SessionSettings } from "./session/config.ts";
export type { TorrentLimits } from "./session/torrent-limits.ts";
export type { Transport } from "./session/demultiplexer.ts";
export type { Dht } from "./session/dht.ts";
export type { DhtStats } from "./core/dht/dht-types.ts";
export type { DhtItems, ItemOptions, MutableItem, PutMutableOptions, Stored } from "./session/dht-items.ts";
export type { Extension, ExtensionPeer, ExtensionPeerHandler } from "./session/extensions.ts";
export type { LanPeer, LanServiceOptions } from "./session/lan-service.ts";
export type { FinderProgress } from "./session/peer-finder.ts";
export type { Session, SessionEvent } from "./session/session.ts";
export type { StateDiff, TorrentSummary } from "./session/state-changes.ts";
export type { RemoveOptions } from "./session/removal.ts";
export type { TorrentRow } from "./session/torrent-row.ts";
export type { Torrent } from "./session/torrent-handle.ts";
export type { Traffic } from "./session/traffic.ts";
export type { TrackerStatus } from "./session/tracker-status.ts";
export type { MoveOptions } from "./session/torrent-place.ts";

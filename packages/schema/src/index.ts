export { BulkAction, BulkResult } from "./bulk.ts";
export { ErrorBody, SCHEMA_VERSION, Time, WholeNumber } from "./common.ts";
export { API_ERROR_TABLE, type ApiErrorCode } from "./error-codes.ts";
export { DoctorCheck, DoctorReport, GivenAddress } from "./doctor.ts";
export { KeptNotice, KeptNoticeList, NoticesSeen } from "./notice.ts";
export {
  DeliveryLogEntry,
  DeliveryLogPage,
  DeliveryLogQuery,
  EventLogEntry,
  EventLogPage,
  EventLogQuery,
  HistoryEntry,
  HistoryList,
  HistoryQuery,
  Stats,
  TrashEntry,
  TrashList,
  Undone,
} from "./ledger.ts";
export { LimitChanges, Limits, SlowMode, TransferLimitChanges, TransferLimits } from "./limits.ts";
export { NodeInfo, type Reachability, type WayIn } from "./node-info.ts";
export { NewShare, Share, ShareList } from "./share.ts";
export { GoalName, Goals } from "./goals.ts";
export { SettingInfo, SettingsChange, SettingsDocument } from "./settings/settings-document.ts";
export { MadeToken, NewToken, Scope, Token, TokenList } from "./token.ts";
export {
  AddTorrent,
  FileRule,
  Torrent,
  TorrentChanges,
  TorrentList,
  TorrentState,
  Waiting,
} from "./torrent.ts";
export {
  Delta,
  type Detail,
  DETAILS,
  LOG_LEVELS,
  type LogLevel,
  LogLine,
  NodeStatus,
  Notice,
  Reset,
  Snapshot,
  type Topic,
  TOPICS,
  TORRENT_COLUMNS,
  TorrentDetail,
} from "./events.ts";
export { TorrentQuery, TorrentSelection } from "./torrent-query.ts";
export {
  TorrentFile,
  TorrentFiles,
  TorrentFinder,
  TorrentPeer,
  TorrentPeers,
  TorrentTracker,
  TorrentTrackers,
  TorrentWebSeed,
} from "./torrent-details.ts";
export { ImportReport, NewImport } from "./import.ts";
export { GetFile, KnownFile } from "./known-file.ts";
export { NewWatchFolder, WatchFolder, WatchFolderList } from "./watch-folder.ts";
export { Label, LabelChanges, LabelList, LabelName } from "./label.ts";
export { AuditEntry, AuditPage } from "./audit.ts";
export {
  FileChanges,
  MagnetLink,
  MoveFiles,
  MoveState,
  NewPeers,
  QueueMove,
  RenameFiles,
  TorrentPieces,
  TrackerChanges,
} from "./torrent-actions.ts";

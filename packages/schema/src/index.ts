export { ErrorBody, SCHEMA_VERSION, Time, WholeNumber } from "./common.ts";
export { NodeInfo } from "./node-info.ts";
export { NewShare, Share, ShareList } from "./share.ts";
export { GoalName, Goals } from "./goals.ts";
export { SettingInfo, SettingsChange, SettingsDocument } from "./settings/settings-document.ts";
export { MadeToken, NewToken, Scope, Token, TokenList } from "./token.ts";
export { AddTorrent, Torrent, TorrentChanges, TorrentList, TorrentState, Waiting } from "./torrent.ts";

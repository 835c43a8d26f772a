export { type EventData, EventReader, type LiveEvent } from "./event-reader.ts";
export { TorrentTable } from "./torrent-table.ts";

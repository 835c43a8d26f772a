import type { Notice } from "@shoal/schema";
import type { Generated } from "kysely";

/** One transfer: what it is, and what the user wants of it. */
export interface TorrentTable {
  /** Given out once: numbers of removed torrents don't come back. */
  readonly id: Generated<number>;
  /** Hex of the primary info-hash. */
  readonly key: string;
  readonly name: string;
  /** What its user calls it; null: as its name is. */
  readonly title: string | null;
  readonly downloadDir: string;
  /** What the shared file or folder is called, when not as the torrent. */
  readonly rootName: string | null;
  /** What it was added by, as long as the metadata is not known. */
  readonly magnet: string | null;
  /** `Endpoint`s in JSON that were named when it was added. */
  readonly peers: Generated<string>;
  /** JSON list of names. */
  readonly labels: Generated<string>;
  /** 0 or 1. */
  readonly paused: number;
  readonly sequential: number;
  /** The user's own files are shared, and nothing is fetched. */
  readonly seedOnly: Generated<number>;
  /** Where the files go when all of them are there; null when they lie where they belong. */
  readonly finalDir: string | null;
  /** It has finished, and what is due then is still to be done: 0 or 1. */
  readonly completing: Generated<number>;
  readonly firstLast: Generated<number>;
  /** 0 or 1: runs whatever the queue says. */
  readonly forced: Generated<number>;
  /** What comes first in the queue has the smallest. */
  readonly rank: Generated<number>;
  /** `Goals` in JSON. */
  readonly goals: Generated<string>;
  /** `TransferLimitChanges` in JSON: what differs from no limits. */
  readonly limits: Generated<string>;
  /** `RemoteMemory` in JSON. */
  readonly remote: Generated<string>;
  /** Which goal it has reached; null while it goes on. */
  readonly reached: string | null;
  /** Time in which it really shared or fetched, milliseconds. */
  readonly sharingMs: Generated<number>;
  readonly downloadingMs: Generated<number>;
  /** When it last gave or got something. */
  readonly activeAt: string | null;
  /** `FileChoice` in JSON; null when nothing was said of its files. */
  readonly wishes: string | null;
  /** `TorrentRow` in JSON, as of the last time it was looked at; null while the metadata is unknown. */
  readonly row: string | null;
  /** RFC 3339. */
  readonly addedAt: string;
  readonly finishedAt: string | null;
  /** Since when it is in the trash, from which `undo` brings it back. */
  readonly removedAt: string | null;
}

/** What came to its end: finished, failed or cancelled. */
export interface HistoryTable {
  readonly id: Generated<number>;
  readonly at: string;
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly outcome: "finished" | "failed" | "cancelled";
  readonly code: string | null;
  readonly message: string | null;
  /** Its number, which no other will have; null in rows of earlier versions. */
  readonly torrent: number | null;
}

/** What it takes to add a transfer again that was removed. */
export interface RetiredTable {
  readonly torrent: number;
  /** Its row of `torrents`, in JSON. */
  readonly wishes: string;
  /** Its .torrent file; null while the metadata was unknown, or when it is large. */
  readonly metainfo: Uint8Array | null;
}

/** Transfers that were removed and can be brought back. */
export interface TrashTable {
  readonly torrent: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What was removed together comes back together. */
  readonly batch: string;
  /** Where its files are meanwhile; null when they stayed where they were. */
  readonly folder: string | null;
  /** What is under way, to be gone on with after a crash. */
  readonly step: "removing" | "removed" | "restoring";
}

/** Bytes of one piece that one peer gave or got; a ring. */
export interface DeliveryTable {
  readonly id: Generated<number>;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** 1: we gave them. */
  readonly up: number;
  /** Hex of the primary info-hash. */
  readonly key: string;
  readonly fileId: string;
  readonly path: string;
  readonly piece: number;
  readonly kind: "peer" | "web-seed" | null;
  readonly peer: string | null;
  readonly client: string | null;
  readonly bytes: number;
}

/** What happened, for people; a ring. */
export interface EventTable {
  readonly id: Generated<number>;
  readonly at: string;
  readonly kind: Notice["kind"];
  readonly code: string | null;
  readonly message: string;
  /** Number of the transfer that it is about. */
  readonly torrent: number | null;
}

/** What programs have set by Transmission's RPC and is switched off. */
export interface RemoteMemoryTable {
  readonly name: string;
  /** In JSON. */
  readonly value: string;
}

export interface CounterTable {
  readonly name: string;
  readonly value: number;
}

export interface TokenTable {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly hash: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** Bytes of payload by day (UTC, "2026-01-31"). */
export interface DayTable {
  readonly day: string;
  readonly downloaded: number;
  readonly uploaded: number;
}

/** Paths that are to be shared and are not yet transfers. */
export interface ShareTable {
  readonly id: Generated<number>;
  readonly path: string;
  /** `NewShare` in JSON, but for the path. */
  readonly wish: string;
  readonly addedAt: string;
}

/** A name under which transfers are kept together, and what holds for all of them. */
export interface LabelTable {
  readonly name: string;
  /** Where their downloads go; absolute. */
  readonly folder: string | null;
  /** `Goals` in JSON. */
  readonly goals: string;
}

/** What people are told when they look in again. */
export interface NoticeTable {
  readonly id: number;
  readonly at: string;
  readonly kind: string;
  readonly message: string;
  readonly torrentId: number | null;
  readonly seenAt: string | null;
}

/** Folders of which every .torrent file is added. */
export interface WatchFolderTable {
  readonly id: Generated<number>;
  readonly dir: string;
  /** List in JSON. */
  readonly labels: string;
  readonly downloadDir: string | null;
  /** 0 or 1. */
  readonly paused: number;
  /** What becomes of a file that was added: "keep" or "delete". */
  readonly after: string;
  readonly addedAt: string;
}

/** A file that was added from a watch folder and had to stay there under its name. */
export interface WatchTakenTable {
  /** Absolute. */
  readonly path: string;
  /** Inode, size and time of the last change: another file of that name is added, too. */
  readonly state: string;
}

/** What somebody switched by hand. */
export interface SwitchTable {
  readonly name: string;
  /** 0 or 1. */
  readonly on: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Who changed what, and who was let in. */
export interface AuditTable {
  readonly id: Generated<number>;
  readonly at: string;
  /** Name of a token; null for the user of the computer. */
  readonly who: string | null;
  readonly client: string | null;
  readonly action: string;
  readonly target: string;
  readonly status: number;
}

/** A torrent of which the metadata was ever known here, as long as it is on the list or in the history. */
export interface KnownTorrentTable {
  readonly key: string;
  readonly name: string;
  readonly magnet: string;
}

export interface KnownFileTable {
  /** See `fileId`. */
  readonly fileId: string;
  readonly key: string;
  readonly fileIndex: number;
  readonly path: string;
  readonly size: number;
}

export interface Tables {
  readonly audit: AuditTable;
  readonly knownTorrents: KnownTorrentTable;
  readonly knownFiles: KnownFileTable;
  readonly watchFolders: WatchFolderTable;
  readonly remoteMemory: RemoteMemoryTable;
  readonly watchTaken: WatchTakenTable;
  readonly switches: SwitchTable;
  readonly notices: NoticeTable;
  readonly shares: ShareTable;
  readonly labels: LabelTable;
  readonly torrents: TorrentTable;
  readonly history: HistoryTable;
  readonly retired: RetiredTable;
  readonly trash: TrashTable;
  readonly deliveries: DeliveryTable;
  readonly events: EventTable;
  readonly counters: CounterTable;
  readonly tokens: TokenTable;
  readonly days: DayTable;
}

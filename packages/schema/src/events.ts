import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";
import { Torrent } from "./torrent.ts";
import {
  TorrentFile,
  TorrentFinder,
  TorrentPeer,
  TorrentTracker,
  TorrentWebSeed,
} from "./torrent-details.ts";

/** Columns of the list of transfers, in the order in which a stream has them unless it asks for others. */
export const TORRENT_COLUMNS: readonly (keyof Torrent)[] = Object.keys(
  Torrent.properties,
) as (keyof Torrent)[];

/** What a stream may be about; all but `log` unless it says otherwise. */
export const TOPICS = ["torrents", "node", "notices", "log"] as const;
export type Topic = (typeof TOPICS)[number];

/** Parts of one transfer that a stream may show closely. */
export const DETAILS = ["peers", "files", "trackers", "pieces"] as const;
export type Detail = (typeof DETAILS)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Event `snapshot`: all transfers. Each row has its cells in the order of `columns`. */
export const Snapshot = Type.Object(
  {
    schema: Type.Literal(1),
    revision: WholeNumber,
    columns: Type.Array(Type.String()),
    rows: Type.Array(Type.Array(Type.Unknown())),
  },
  { $id: "Snapshot", additionalProperties: false },
);
export type Snapshot = Static<typeof Snapshot>;

/**
 * Event `delta`: revision; for each row that changed its number, then column and value of each cell that changed (columns by their place in the
 * snapshot's list); numbers of the rows that are gone.
 */
export const Delta = Type.Tuple(
  [WholeNumber, Type.Array(Type.Array(Type.Unknown())), Type.Array(WholeNumber)],
  { $id: "Delta" },
);
export type Delta = Static<typeof Delta>;

/** Event `reset`: what the reader knows is too old; a snapshot follows. */
export const Reset = Type.Object({ revision: WholeNumber }, { $id: "Reset", additionalProperties: false });
export type Reset = Static<typeof Reset>;

/**
 * Event `detail`: the parts of one transfer that changed, each as a whole. `peers` and `files` as `GET /torrents/ID/peers` and `/files` have them,
 * `trackers` as that document without `schema`.
 */
export const TorrentDetail = Type.Object(
  {
    id: WholeNumber,
    peers: Type.Optional(Type.Array(TorrentPeer)),
    files: Type.Optional(Type.Array(TorrentFile)),
    trackers: Type.Optional(
      Type.Object({
        trackers: Type.Array(TorrentTracker),
        finders: Type.Array(TorrentFinder),
        webSeeds: Type.Array(TorrentWebSeed),
      }),
    ),
    /** In base64: the bitfield of what is there, and for each piece a byte with the peers that have it (255: or more); null without metadata. */
    pieces: Type.Optional(
      Type.Union([Type.Object({ have: Type.String(), peers: Type.String() }), Type.Null()]),
    ),
  },
  { $id: "TorrentDetail", additionalProperties: false },
);
export type TorrentDetail = Static<typeof TorrentDetail>;

/** The node in numbers, as they are now: bytes a second, bytes, counts. */
export const NodeStatus = document({
  downRate: WholeNumber,
  upRate: WholeNumber,
  /** Transfers by state. */
  states: Type.Record(Type.String(), WholeNumber),
  peers: WholeNumber,
  /** Null without DHT. */
  dhtNodes: Type.Union([WholeNumber, Type.Null()]),
  /** Room in the download folder; null when it can't be told. */
  freeBytes: Type.Union([WholeNumber, Type.Null()]),
  /** Why nothing can be reached, in one clause; null when all is well. */
  obstacle: Type.Union([Type.String(), Type.Null()]),
  /** Speed limits that hold now, of slow mode if that is on; null for none. */
  downLimit: Type.Union([WholeNumber, Type.Null()]),
  upLimit: Type.Union([WholeNumber, Type.Null()]),
  slowMode: Type.Boolean(),
});
export type NodeStatus = Static<typeof NodeStatus>;

/** Event `notice`: something that a person may want to know happened. */
export const Notice = Type.Object(
  {
    at: Time,
    /**
     * About a transfer: `restored` undoes `removed`, `retried` what has failed or was removed for good, and `paused` was done by a rule.
     * `notice` and `warning` say all in `message`.
     */
    kind: Type.Enum([
      "added",
      "finished",
      "failed",
      "retried",
      "paused",
      "removed",
      "restored",
      "notice",
      "warning",
    ]),
    /** One sentence. */
    message: Type.String(),
    /** Stable code of a failure or warning. */
    code: Type.Union([Type.String(), Type.Null()]),
    /** Number of the transfer that it is about. */
    torrent: Type.Union([WholeNumber, Type.Null()]),
  },
  { $id: "Notice", additionalProperties: false },
);
export type Notice = Static<typeof Notice>;

/** Event `log`: a line of the log. `dropped`: lines before this one that were lost as the reader was too slow. */
export const LogLine = Type.Object(
  {
    at: Time,
    level: Type.Enum([...LOG_LEVELS]),
    message: Type.String(),
    fields: Type.Record(Type.String(), Type.Unknown()),
    dropped: WholeNumber,
  },
  { $id: "LogLine", additionalProperties: false },
);
export type LogLine = Static<typeof LogLine>;

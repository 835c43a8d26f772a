import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";
import { Notice } from "./events.ts";
import { Torrent } from "./torrent.ts";

const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 }));
const Seq = Type.Optional(Type.Integer({ minimum: 0 }));
const Text = Type.Optional(Type.String({ minLength: 1, maxLength: 300 }));

/** Bytes of one file in one piece that one peer gave or got. */
export const DeliveryLogEntry = Type.Object(
  {
    /** Grows by one from row to row. */
    seq: WholeNumber,
    at: Time,
    type: Type.Enum(["download", "upload"]),
    /** 40 hex digits: the v1 info-hash, or the first half of the v2 one. */
    infoHash: Type.String(),
    /** v2 pieces root in hex, or info-hash and file index. */
    fileId: Type.String(),
    /** Below the download folder. */
    path: Type.String(),
    piece: WholeNumber,
    /** "host:port", the address of a web seed, or null for somebody in an earlier run. */
    peer: Type.Union([Type.String(), Type.Null()]),
    peerKind: Type.Union([Type.Enum(["peer", "web-seed"]), Type.Null()]),
    /** What it calls itself. */
    client: Type.Union([Type.String(), Type.Null()]),
    bytes: WholeNumber,
  },
  { $id: "DeliveryLogEntry", additionalProperties: false },
);
export type DeliveryLogEntry = Static<typeof DeliveryLogEntry>;

/** Rows of the transfer log, the oldest first. */
export const DeliveryLogPage = document({
  rows: Type.Array(DeliveryLogEntry),
  /** Rows that are kept at most, and how many made room for newer ones. */
  capacity: WholeNumber,
  overwritten: WholeNumber,
  oldestAt: Type.Union([Time, Type.Null()]),
  /** Rows that could not be written in time, and since when some are missing. */
  dropped: WholeNumber,
  droppedAt: Type.Union([Time, Type.Null()]),
});
export type DeliveryLogPage = Static<typeof DeliveryLogPage>;

/** The newest rows that match; with `after` those that follow. */
export const DeliveryLogQuery = Type.Object(
  {
    /** Number of a transfer, or its info-hash. */
    torrent: Text,
    /** File id or the beginning of one. */
    file: Text,
    /** Address or the beginning of one. */
    peer: Text,
    type: Type.Optional(Type.Enum(["download", "upload"])),
    since: Type.Optional(Time),
    after: Seq,
    before: Seq,
    limit: Limit,
  },
  { additionalProperties: false },
);

export const EventLogEntry = Type.Object(
  { seq: WholeNumber, ...Notice.properties },
  { $id: "EventLogEntry", additionalProperties: false },
);
export type EventLogEntry = Static<typeof EventLogEntry>;

/** What happened, the oldest first. */
export const EventLogPage = document({ rows: Type.Array(EventLogEntry) });
export type EventLogPage = Static<typeof EventLogPage>;

export const EventLogQuery = Type.Object(
  {
    /** Number of a transfer. */
    torrent: Type.Optional(Type.Integer({ minimum: 1 })),
    since: Type.Optional(Time),
    after: Seq,
    before: Seq,
    limit: Limit,
  },
  { additionalProperties: false },
);

const moved = { downloaded: WholeNumber, uploaded: WholeNumber };
const Moved = Type.Object(moved, { additionalProperties: false });

/** Payload that was moved, in bytes; days are those of UTC, today included. */
export const Stats = document({
  downRate: WholeNumber,
  upRate: WholeNumber,
  session: Type.Object({ ...moved, startedAt: Time, activeMs: WholeNumber }, { additionalProperties: false }),
  today: Moved,
  /** The last 7 and 30 days. */
  week: Moved,
  month: Moved,
  all: Type.Object(
    { ...moved, sessions: WholeNumber, activeMs: WholeNumber, added: WholeNumber },
    { additionalProperties: false },
  ),
  /** Of the last 30 those on which something was moved. */
  days: Type.Array(Type.Object({ day: Type.String(), ...moved }, { additionalProperties: false })),
});
export type Stats = Static<typeof Stats>;

const Outcome = Type.Enum(["finished", "failed", "cancelled"]);

/** What has become of a transfer. */
export const HistoryEntry = Type.Object(
  {
    /** By which it is added again. */
    id: Type.Integer({ minimum: 1 }),
    at: Time,
    infoHash: Type.String(),
    name: Type.String(),
    /** Bytes that were wanted. */
    size: WholeNumber,
    outcome: Outcome,
    /** Why it failed: one of the codes of the documents, and a sentence. */
    code: Type.Union([Type.String(), Type.Null()]),
    message: Type.Union([Type.String(), Type.Null()]),
    /** Its number, as long as it is on the list. */
    torrent: Type.Union([WholeNumber, Type.Null()]),
  },
  { $id: "HistoryEntry", additionalProperties: false },
);
export type HistoryEntry = Static<typeof HistoryEntry>;

/** The last one first. */
export const HistoryList = document({ entries: Type.Array(HistoryEntry) });
export type HistoryList = Static<typeof HistoryList>;

export const HistoryQuery = Type.Object(
  { outcome: Type.Optional(Outcome), since: Type.Optional(Time), limit: Limit },
  { additionalProperties: false },
);

/** A transfer that was removed and can be brought back until `untilAt`. */
export const TrashEntry = Type.Object(
  {
    /** The number that it had, and will have again. */
    id: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    removedAt: Time,
    untilAt: Time,
    /** Its files went with it. */
    filesDeleted: Type.Boolean(),
  },
  { $id: "TrashEntry", additionalProperties: false },
);
export type TrashEntry = Static<typeof TrashEntry>;

/** The last one first. */
export const TrashList = document({ entries: Type.Array(TrashEntry) });
export type TrashList = Static<typeof TrashList>;

/** What was brought back. */
export const Undone = document({ torrents: Type.Array(Torrent) });
export type Undone = Static<typeof Undone>;

import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";
import { GoalName, Goals } from "./goals.ts";
import { LabelNames } from "./label.ts";
import { TransferLimitChanges, TransferLimits } from "./limits.ts";

export const TorrentState = Type.Enum([
  "metadata",
  "checking",
  "downloading",
  "seeding",
  "finished",
  "paused",
  "queued",
  "error",
]);

/** Why a torrent waits: a code for programs (docs/reasons.md), one plain clause for people, and what helps most. */
export const Waiting = Type.Object(
  { code: Type.String(), message: Type.String(), action: Type.String() },
  { additionalProperties: false },
);
export type Waiting = Static<typeof Waiting>;

/** One line of the list of transfers. Bytes, bytes a second and milliseconds are whole numbers; unknown is null. */
export const Torrent = Type.Object(
  {
    /** Small number that stays as long as the torrent does. */
    id: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    /** Hex; null for a v2-only torrent, or where it is not known yet. */
    v1: Type.Union([Type.String(), Type.Null()]),
    v2: Type.Union([Type.String(), Type.Null()]),
    state: TorrentState,
    wanted: WholeNumber,
    have: WholeNumber,
    downloaded: WholeNumber,
    uploaded: WholeNumber,
    wasted: WholeNumber,
    downRate: WholeNumber,
    upRate: WholeNumber,
    /** Given per fetched byte; of what is there when nothing was fetched. */
    ratio: Type.Union([Type.Number(), Type.Null()]),
    peers: WholeNumber,
    seeds: WholeNumber,
    pieceCount: WholeNumber,
    piecesHave: WholeNumber,
    etaMs: Type.Union([WholeNumber, Type.Null()]),
    waiting: Type.Union([Waiting, Type.Null()]),
    error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
    labels: Type.Array(Type.String()),
    /** Where its files belong. */
    downloadDir: Type.String(),
    /** Where they lie: in another folder until all of them are there. */
    filesDir: Type.String(),
    private: Type.Boolean(),
    addedAt: Time,
    finishedAt: Type.Union([Time, Type.Null()]),
    /** Order in the queue: the smaller, the earlier. */
    rank: Type.Integer(),
    /** Runs whatever the queue says. */
    forced: Type.Boolean(),
    sequential: Type.Boolean(),
    firstLast: Type.Boolean(),
    /** Its own; what is absent is decided by its labels and the settings. */
    goals: Goals,
    /** Its own limits, besides those of the node. */
    limits: TransferLimits,
    /** The goal for which it has stopped sharing. */
    reached: Type.Union([GoalName, Type.Null()]),
    /** Time in which it really shared or fetched. */
    sharingMs: WholeNumber,
    downloadingMs: WholeNumber,
    /** When it last gave or got something. */
    activeAt: Type.Union([Time, Type.Null()]),
  },
  { $id: "Torrent", additionalProperties: false },
);
export type Torrent = Static<typeof Torrent>;

export const TorrentList = document({ revision: WholeNumber, torrents: Type.Array(Torrent) });
export type TorrentList = Static<typeof TorrentList>;

/** What can be changed of a transfer at any time. */
export const TorrentChanges = Type.Object(
  {
    sequential: Type.Optional(Type.Boolean()),
    firstLast: Type.Optional(Type.Boolean()),
    forced: Type.Optional(Type.Boolean()),
    /** Replaces all goals of its own. */
    goals: Type.Optional(Goals),
    /** Those that are absent stay as they are. */
    limits: Type.Optional(TransferLimitChanges),
    /** Replaces all of them. */
    labels: Type.Optional(LabelNames),
  },
  { $id: "TorrentChanges", additionalProperties: false },
);
export type TorrentChanges = Static<typeof TorrentChanges>;

const FilePattern = Type.String({ minLength: 1, maxLength: 1_024 });
const FilePatterns = Type.Array(FilePattern, { maxItems: 1_000 });

/** How much the files are wanted that a pattern fits. */
export const FileRule = Type.Object(
  { files: FilePattern, priority: Type.Enum(["skip", "low", "normal", "high"]) },
  { $id: "FileRule", additionalProperties: false },
);
export type FileRule = Static<typeof FileRule>;

/** How to add a torrent: one of `magnet`, `infoHash`, `url` and `torrent` says which. */
export const AddTorrent = Type.Object(
  {
    magnet: Type.Optional(Type.String({ maxLength: 262_144 })),
    infoHash: Type.Optional(Type.String({ pattern: "^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$" })),
    /** Web address of a .torrent file, which the daemon fetches. */
    url: Type.Optional(Type.String({ maxLength: 8_192 })),
    /** A .torrent file in base64. */
    torrent: Type.Optional(Type.String({ maxLength: 16_000_000 })),
    downloadDir: Type.Optional(Type.String({ maxLength: 4_096 })),
    paused: Type.Optional(Type.Boolean()),
    labels: Type.Optional(LabelNames),
    sequential: Type.Optional(Type.Boolean()),
    firstLast: Type.Optional(Type.Boolean()),
    goals: Type.Optional(Goals),
    limits: Type.Optional(TransferLimitChanges),
    /** Whether it is shared when it is complete; the setting `downloads.share` decides where this is absent. */
    share: Type.Optional(Type.Boolean()),
    /** Adds it though it does not fit on the disk: it waits until there is room. */
    ignoreSpace: Type.Optional(Type.Boolean()),
    /** Runs whatever the queue says. */
    forced: Type.Optional(Type.Boolean()),
    /** Goes to the front of the queue. */
    first: Type.Optional(Type.Boolean()),
    /** Which files are wanted, as patterns or numbers ("1,3-5", from 1); all where it is absent. */
    select: Type.Optional(FilePatterns),
    /** How much files are wanted; of several that fit a file the last one counts. */
    priorities: Type.Optional(Type.Array(FileRule, { maxItems: 1_000 })),
    peers: Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 100 })),
    trackers: Type.Optional(Type.Array(Type.String({ maxLength: 2_048 }), { maxItems: 100 })),
  },
  { $id: "AddTorrent", additionalProperties: false },
);
export type AddTorrent = Static<typeof AddTorrent>;

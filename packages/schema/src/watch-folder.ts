import { type Static, Type } from "typebox";
import { document, Time } from "./common.ts";
import { LabelNames } from "./label.ts";

/** A folder of which every .torrent and .magnet file that comes into it is added. */
export const NewWatchFolder = Type.Object(
  {
    /** Absolute. It need not exist yet. */
    dir: Type.String({ minLength: 1, maxLength: 4_096 }),
    labels: Type.Optional(LabelNames),
    /** Where the downloads go; absolute. */
    downloadDir: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
    paused: Type.Optional(Type.Boolean()),
    /** What becomes of a file that was added: it is renamed to end in .added, or deleted. */
    after: Type.Optional(Type.Enum(["keep", "delete"])),
  },
  { $id: "NewWatchFolder", additionalProperties: false },
);
export type NewWatchFolder = Static<typeof NewWatchFolder>;

export const WatchFolder = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    dir: Type.String(),
    labels: LabelNames,
    downloadDir: Type.Union([Type.String(), Type.Null()]),
    paused: Type.Boolean(),
    after: Type.Enum(["keep", "delete"]),
    /** Why nothing comes of it at present: one sentence. */
    problem: Type.Union([Type.String(), Type.Null()]),
    addedAt: Time,
  },
  { $id: "WatchFolder", additionalProperties: false },
);
export type WatchFolder = Static<typeof WatchFolder>;

export const WatchFolderList = document({ watchFolders: Type.Array(WatchFolder) });
export type WatchFolderList = Static<typeof WatchFolderList>;

import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";
import { LabelNames } from "./label.ts";

const Url = Type.String({ minLength: 1, maxLength: 2_048 });

/** What to share: each path becomes a torrent of its own, and stays where it is. */
export const NewShare = Type.Object(
  {
    /** Absolute. */
    paths: Type.Array(Type.String({ minLength: 1, maxLength: 4_096 }), { minItems: 1, maxItems: 100 }),
    /** What the torrent is called instead of its file or folder; with one path only. */
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    kind: Type.Optional(Type.Enum(["v1", "v2", "hybrid"])),
    /** Bytes: a power of two. */
    pieceSize: Type.Optional(Type.Integer({ minimum: 16_384, maximum: 268_435_456 })),
    trackers: Type.Optional(Type.Array(Url, { maxItems: 100 })),
    webSeeds: Type.Optional(Type.Array(Url, { maxItems: 100 })),
    private: Type.Optional(Type.Boolean()),
    comment: Type.Optional(Type.String({ maxLength: 4_096 })),
    source: Type.Optional(Type.String({ maxLength: 255 })),
    /** Patterns such as *.tmp or build/**: what they name is left out. */
    exclude: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 1_024 }), { maxItems: 100 })),
    labels: Type.Optional(LabelNames),
    /** "full" reads everything again, though nothing seems to have changed. */
    verify: Type.Optional(Type.Enum(["stat", "full"])),
  },
  { $id: "NewShare", additionalProperties: false },
);
export type NewShare = Static<typeof NewShare>;

/** How far the sharing of a path has come. */
export const Share = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    path: Type.String(),
    state: Type.Enum(["waiting", "hashing", "shared", "failed", "cancelled"]),
    doneBytes: WholeNumber,
    /** Null until it is known. */
    totalBytes: Type.Union([WholeNumber, Type.Null()]),
    /** The transfer that it has become. */
    torrentId: Type.Union([WholeNumber, Type.Null()]),
    /** Nothing was read: it is as it was when it was shared before. */
    unchanged: Type.Boolean(),
    /** Sentences that name what was left out. */
    warnings: Type.Array(Type.String()),
    error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
    addedAt: Time,
  },
  { $id: "Share", additionalProperties: false },
);
export type Share = Static<typeof Share>;

export const ShareList = document({ shares: Type.Array(Share) });
export type ShareList = Static<typeof ShareList>;
